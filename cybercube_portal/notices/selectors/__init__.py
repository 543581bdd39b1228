"""What the portal asks about notices."""
