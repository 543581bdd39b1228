"""The record over REST (api.md "Events")."""
