"""The `tuner` command. Data goes to stdout, everything else to stderr.

Exit status: 0 when it worked (for a run that is followed: when the run succeeded), 1 when it did not, 2 for a call that
makes no sense, 130 when the watching was interrupted.
"""

from __future__ import annotations

from tuner.cli.entry_point import main

__all__ = ["main"]
