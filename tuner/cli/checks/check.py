"""A check of `tuner doctor`, and its result: one line of the output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tuner.aws.clients import client
from tuner.core.errors import AccessDeniedError, RetryableError, TunerError
from tuner.core.text_sanitizer import as_sentence
from tuner.settings import DeploymentSettings

Status = Literal["ok", "warning", "failed"]

_NOT_ALLOWED = "This does not show whether a run would work. docs/cli.md lists the permissions of 'tuner doctor'."
NO_ANSWER = "Check the network, the proxy (HTTPS_PROXY) and the Region's name, then run 'tuner doctor' again."


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the output. `remedy` says what to do; it is required unless the status is `ok`."""

    name: str
    status: Status
    message: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.status != "ok" and not self.remedy:
            raise ValueError(f"{self.name}: a result that is not ok needs a remedy")

    def as_json(self) -> dict[str, str]:
        """The result as `tuner doctor --json` prints it. The status keeps its published member name, `verdict`."""
        return {"name": self.name, "verdict": self.status, "message": self.message, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Check:
    """Something to check.

    `look` returns a sentence when all is well, or a whole result. When it raises TunerError, `remedy` is shown.
    """

    name: str
    look: Callable[[], str | CheckResult]
    remedy: str

    def run(self) -> CheckResult:
        """Runs the check. Every error of AWS becomes a result."""
        try:
            found = self.look()
        except AccessDeniedError as error:
            # The caller lacks a permission of the check. The roles of a run are others, so this is no failure.
            return CheckResult(self.name, "warning", as_sentence(f"Not checked: {error}"), _NOT_ALLOWED)
        except RetryableError as error:
            return CheckResult(self.name, "failed", as_sentence(str(error)), NO_ANSWER)
        except TunerError as error:
            return CheckResult(self.name, "failed", as_sentence(str(error)), self.remedy)
        return found if isinstance(found, CheckResult) else CheckResult(self.name, "ok", found)


def judges(settings: DeploymentSettings) -> tuple[str, ...]:
    """Every judge that a run of the deployment may ask, the default one first."""
    return tuple(dict.fromkeys((settings.judge_model, *settings.judge_models)))


def judge_check(title: str, model: str, settings: DeploymentSettings) -> str:
    """The name of a check of a judge. It contains the model, unless the model is the default judge."""
    return title if model == settings.judge_model else f"{title} {model}"


def quick_client(service: str) -> Any:
    """A client without retries and with a short timeout: a person waits for about fifteen checks in a row."""
    return client(service, attempts=1, seconds=1.5)
