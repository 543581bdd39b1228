"""Command line client of the CYBERCUBE change-management portal."""

__version__ = "0.1.0"
