"""One function per verb: the only place that writes (house.md section 4)."""
