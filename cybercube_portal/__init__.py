"""The CYBERCUBE portal: STD-ENG-006 as a web service. Wiring above, ground below."""

from __future__ import annotations

__version__ = "0.1.0"
