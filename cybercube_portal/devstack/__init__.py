"""What `./portal` runs: the supervisor of a whole stack on one machine, its tests and its checks. Standard library only."""
