"""Why a document cannot be used: for its owner, who decides whether to mend it."""

from __future__ import annotations


class UnusableError(Exception):
    """`problem` completes a sentence that begins with the document's name; `remedy` is a sentence."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")
