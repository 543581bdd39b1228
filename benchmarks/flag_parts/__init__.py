"""What `./portal bench flags` runs beside the portal: the clients and servers of others."""
