"""A believable company for a first look and for tests by hand. Wiring: it uses every app, nothing uses it."""
