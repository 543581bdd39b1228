"""What the gate's benchmark is made of: the company it asks about, the client that asks, and the peer it is held against."""
