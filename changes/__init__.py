"""A change is asked for, judged, approved, scheduled, frozen."""
