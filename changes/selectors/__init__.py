"""What the portal asks about changes: lists, facts for policies, locks, and the moves open to somebody."""
