"""Settings: `variables` reads the environment, `base` holds what is true everywhere, the others only differ from it."""
