"""Pure policies: the gate's rules."""
