"""Dashboards: how the company delivers, approves, keeps its cadence, freezes and complies; a list behind every number."""
