"""Releases, deployments and the gate that pipelines ask."""
