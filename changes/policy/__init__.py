"""Pure policies: each reads as the standard's table."""
