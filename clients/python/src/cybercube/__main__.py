"""`python -m cybercube`."""

from cybercube.cli import run

run()
