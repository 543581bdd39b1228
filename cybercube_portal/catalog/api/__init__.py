"""The catalogue over REST (api.md "Catalogue and evidence")."""
