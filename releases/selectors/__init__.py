"""What the portal asks about releases: the gate's facts and its log."""
