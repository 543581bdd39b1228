"""What is done to flags: the only place that writes."""
