"""WHAT: services, environments, artifacts with their evidence, and whom a pipeline's token is trusted as."""
