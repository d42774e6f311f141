"""The error that a document reader raises."""

from __future__ import annotations


class UnusableError(Exception):
    """A document cannot be used. `problem` completes a sentence that starts with its name; `remedy` is a sentence."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")
        self.problem = problem
        self.remedy = remedy
