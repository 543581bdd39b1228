"""Pages that gather from several apps: home, calendar, dashboards, evidence."""
