"""What the portal asks about flags."""
