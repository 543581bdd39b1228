"""Pages about people: log in and out, profile, API keys, who holds which role."""
