"""One line of `tuner doctor`, and how it comes about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tuner.aws.clients import client
from tuner.core.errors import AccessDeniedError, RetryableError, TunerError

Verdict = Literal["ok", "warning", "failed"]

_NOT_ALLOWED = "Whether a run would work is not known. docs/cli.md lists what 'tuner doctor' must be allowed to call."
NO_ANSWER = "Look at the network, the proxy (HTTPS_PROXY) and the Region's name, and ask again."


@dataclass(frozen=True, slots=True)
class Check:
    """A line. `remedy` says what to do; only an `ok` line may have none."""

    name: str
    verdict: Verdict
    message: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.verdict != "ok" and not self.remedy:
            raise ValueError(f"{self.name}: a line that is not ok needs a remedy")


@dataclass(frozen=True, slots=True)
class Task:
    """Something to look at. `look` returns a sentence, or a whole line, or raises TunerError; then `remedy` helps."""

    name: str
    look: Callable[[], str | Check]
    remedy: str

    def check(self) -> Check:
        """Looks, and makes a line of what was found."""
        try:
            found = self.look()
        except AccessDeniedError as error:  # the operator may not look: that says nothing of the run
            return Check(self.name, "warning", sentence(f"Not checked: {error}"), _NOT_ALLOWED)
        except RetryableError as error:
            return Check(self.name, "failed", sentence(str(error)), NO_ANSWER)
        except TunerError as error:
            return Check(self.name, "failed", sentence(str(error)), self.remedy)
        return found if isinstance(found, Check) else Check(self.name, "ok", found)


def sentence(text: str) -> str:
    """The text with an end: a remedy follows on the same line."""
    return text if text.rstrip().endswith((".", "?", "!")) else f"{text.rstrip(' :')}."


def quick(service: str) -> Any:
    """A client for a person who waits: one attempt, answered within two seconds or not at all."""
    return client(service, attempts=1, seconds=1.5)
