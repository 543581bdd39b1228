"""WHO IS TOLD: every notice of every app goes through here, and each person chooses how it reaches them."""
