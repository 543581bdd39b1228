"""Flags over REST, for programs that evaluate themselves, and for Unleash's clients."""
