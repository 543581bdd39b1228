"""The same message as a mail, as a post to Slack and as a card for Teams. Knows no tables and sends nothing."""
