#!/usr/bin/env python
"""Django's command line; `./portal manage …` runs it with the locked packages."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line

from cybercube_portal.settings.choice import choose_settings

if __name__ == "__main__":
    choose_settings()
    execute_from_command_line(sys.argv)
