"""What pages of flags ask for."""
