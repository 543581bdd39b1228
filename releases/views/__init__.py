"""Pages of the gate: each view reads `request.actor` and `request.now` and makes one call into the app."""
