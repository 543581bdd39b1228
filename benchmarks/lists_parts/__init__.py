"""What `./portal bench lists` is made of."""
