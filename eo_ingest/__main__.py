"""`python -m eo_ingest`: the command line."""

from eo_ingest.cli import main

if __name__ == "__main__":
    main()
