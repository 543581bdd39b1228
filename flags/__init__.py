"""Feature flags (section 7 of the standard): a switch in production, moved under the same care as a change."""
