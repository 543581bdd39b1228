"""Rules of telling. Pure."""
