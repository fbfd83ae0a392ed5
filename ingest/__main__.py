"""Run the landing commands: ``python -m ingest <source> PATH…``."""

from ingest.cli import main

if __name__ == "__main__":
    main()
