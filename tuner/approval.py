"""A person's approval of what a run will cost: the question, the answer, and the words of both.

The task token with which Step Functions waits is kept whole in the run's folder, which is encrypted, and nowhere else:
not in a log, a notification or a report. Whoever has it may still only answer with the permission
states:SendTaskSuccess or states:SendTaskFailure.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, SecretStr, field_serializer

from tuner.artifacts.estimate import Estimate, Item
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.times import iso

Answered = Literal["approved", "rejected"]


class _Model(BaseModel):
    # A message about a wrong value must not show the value: it may be the token.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Request(_Model):
    """`approval/request.json`: what the run waits for, and until when."""

    asked_at: str
    expires_at: str
    estimated_usd: float
    unknown: tuple[str, ...]
    task_token: SecretStr

    def sentence(self, run_id: str) -> str:
        """What is waited for, in a line."""
        more = " and what is unknown" if self.unknown else ""
        return (
            f"waits until {self.expires_at} for: tuner approve {run_id} (${self.estimated_usd:,.2f}{more}), or reject"
        )

    @field_serializer("task_token", when_used="json")
    def _whole(self, token: SecretStr) -> str:
        return token.get_secret_value()


class Answer(_Model):
    """`approval/answer.json`: who answered, by the ARN that AWS knows the caller by."""

    decision: Answered
    by: str
    at: str
    reason: str = ""

    def sentence(self) -> str:
        """The answer in words."""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.decision} by {self.by} at {self.at}{why}"


def ask(folder: RunFolder, token: SecretStr, seconds: float, now: dt.datetime) -> tuple[str, str]:
    """Keeps what is needed to answer, and returns the subject and the text that ask for it.

    Asking again, with the token of another attempt, replaces the first: only the newest token is waited for.
    """
    estimate = Estimate.model_validate(folder.read_json(Keys.ESTIMATE))
    request = Request(
        asked_at=iso(now),
        expires_at=iso(now + dt.timedelta(seconds=seconds)),
        estimated_usd=estimate.total_usd,
        unknown=estimate.unknown,
        task_token=token,
    )
    folder.write(Keys.APPROVAL, request.model_dump_json(indent=2).encode() + b"\n")
    return _subject(folder.run_id, estimate), question(folder.run_id, estimate, request)


def waiting(folder: RunFolder) -> Request | None:
    """What the run asked, or None when it asked nothing."""
    found = folder.find(Keys.APPROVAL)
    return None if found is None else Request.model_validate_json(found)


def answered(folder: RunFolder) -> Answer | None:
    """What was answered, or None."""
    found = folder.find(Keys.APPROVAL_ANSWER)
    return None if found is None else Answer.model_validate_json(found)


def question(run_id: str, estimate: Estimate, request: Request) -> str:
    """What it will cost, how to answer, and until when: the text of the notification."""
    lines = [
        f"The run {run_id} waits for approval. {estimate.reason}",
        "",
        *(_line(item) for item in estimate.items),
        "",
        f"Approve it:  tuner approve {run_id}",
        f'Reject it:   tuner reject {run_id} --reason "why"',
        "",
        f"Nothing has been spent on training or serving. Unless somebody answers by {request.expires_at}, the run ends "
        "by itself and nothing is spent.",
    ]
    return "\n".join(lines) + "\n"


def _subject(run_id: str, estimate: Estimate) -> str:
    """At most 100 ASCII characters, as SNS wants a subject."""
    more = " and more" if estimate.unknown else ""
    return f"Approve ${estimate.total_usd:,.2f}{more}? Run {run_id}"[:100]


def _line(item: Item) -> str:
    cost = "price unknown" if item.usd is None else f"${item.usd:,.2f}" if item.usd >= 0.01 else "less than a cent"
    return f"- {item.name}: {item.quantity:,.10g} {item.unit}, {cost}"
