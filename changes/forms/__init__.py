"""What people fill in about changes, freezes and templates. Shapes only: the rules are the actions'."""
