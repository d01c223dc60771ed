"""`python -m ingestor` is the command `ingestor`."""

from ingestor.cli import main

main()
