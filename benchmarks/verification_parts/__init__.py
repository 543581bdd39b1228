"""What the verification's benchmark is made of: the services it looks at, the deployments, and the peer it is held against."""
