"""The command `instseg`."""

import sys


def main() -> None:
    """Entry point: runs the command line and ends the process with its exit code.

    0: done. 1: an item, the model or the engine failed. 2: wrong usage.
    """
    from instseg.cli.app import app

    sys.exit(app(prog_name="instseg"))
