"""People over REST: who am I, who is there, who holds what, which keys there are."""
