"""The `tuner` command. JSON for programs goes to stdout, everything else to stderr.

Exit status: 0 for success (of the run, when a command follows one), 1 for failure, 2 for a wrong call (unknown option,
missing argument), 130 for Ctrl-C.
"""

from __future__ import annotations

from tuner.cli.entry_point import main

__all__ = ["main"]
