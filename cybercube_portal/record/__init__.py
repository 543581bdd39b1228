"""Wiring for the record: the audit trail for auditors, the event feed for everybody, webhooks for other systems. No models."""
