"""The contestants of an evaluation: the models that answer the same questions and are compared.

There are two today. Code that works for any number of contestants iterates over `CONTESTANTS`; only code that compares
two of them names `BASE` and `TUNED`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

BASE = "base"
TUNED = "tuned"
CONTESTANTS: tuple[str, ...] = (BASE, TUNED)


def known_contestant(name: str) -> str:
    """Returns `name`. Raises ValueError when it is none of `CONTESTANTS`."""
    if name not in CONTESTANTS:
        raise ValueError(f"there is no contestant '{name}'; there are: {', '.join(CONTESTANTS)}")
    return name


# A plain string for Python. Pydantic models refuse a name that is not in CONTESTANTS.
ContestantName = Annotated[str, AfterValidator(known_contestant)]
