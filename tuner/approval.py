"""Asks a person to approve the cost of a run, and reads the answer.

Step Functions waits with a task token. The token is in the run's folder, which is encrypted, and in the history of
the execution. No log, notification or report has it. Using it also takes the permission states:SendTaskSuccess or
states:SendTaskFailure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pydantic import SecretStr

from tuner.artifacts.approval import ApprovalAnswer, ApprovalRequest
from tuner.artifacts.costs.amounts import money, money_at_most, money_of_sum
from tuner.artifacts.costs.estimate import Estimate
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.text_sanitizer import shown_name
from tuner.core.times import iso
from tuner.costs.spending_decision import spending_reason

# Limits of the mail, in characters. The estimate has the whole text.
_LONGEST_REASON, _LONGEST_LINE = 4_000, 300


def request_approval(
    folder: RunFolder, token: SecretStr, seconds: float, now: dt.datetime, again: bool = False
) -> tuple[str, str]:
    """Stores the request, and returns the subject and the text of the notification that asks for approval.

    `again`: a person has approved a smaller worst case of this run.
    A retry with another token replaces the first request: Step Functions accepts only the newest token.
    """
    estimate = folder.load(Estimate)
    request = ApprovalRequest(
        asked_at=iso(now),
        expires_at=iso(now + dt.timedelta(seconds=seconds)),
        estimated_usd=estimate.total_usd,
        at_most_usd=estimate.at_most_usd,
        unknown=estimate.unknown,
        again=again,
        task_token=token,
    )
    folder.save(request)
    return _subject(folder.run_id, estimate), notification(folder.run_id, estimate, request)


def find_request(folder: RunFolder) -> ApprovalRequest | None:
    """The run's request for approval, or None when it has asked for none."""
    return folder.load_if_present(ApprovalRequest)


def find_answer(folder: RunFolder) -> ApprovalAnswer | None:
    """The answer to the request, or None."""
    return folder.load_if_present(ApprovalAnswer)


def notification(run_id: str, estimate: Estimate, request: ApprovalRequest) -> str:
    """The text of the notification: the cost, how to answer, and until when."""
    lines = [
        # In one line each: a name could else write a command of its own into the mail that asks for money.
        shown_name(f"The run {run_id} waits for approval. {spending_reason(estimate)}", _LONGEST_REASON),
        "",
        *(shown_name(line, _LONGEST_LINE) for line in _lines(estimate)),
        "",
        f"Approve it:  {request.approve_command(run_id)}",
        f"Reject it:   tuner reject {run_id} --reason why",
        "",
        "Nothing has been spent on training or serving. If nobody answers by "
        f"{request.expires_at}, the run ends without training or serving.",
    ]
    return "\n".join(lines) + "\n"


def _subject(run_id: str, estimate: Estimate) -> str:
    """SNS accepts subjects of up to 100 ASCII characters."""
    more = " and more" if estimate.unknown else ""
    return f"Approve at most {money_at_most(estimate.worst_case_usd)}{more}? Run {run_id}"[:100]


def _lines(estimate: Estimate) -> Iterator[str]:
    """A line for each item. Their costs add up to the sums."""
    items = estimate.items
    costs = money_of_sum([item.usd for item in items], money(estimate.total_usd))
    worst = money_of_sum([item.at_most_usd for item in items], money_at_most(estimate.worst_case_usd))
    for item, cost, at_most in zip(items, costs, worst, strict=True):
        most = f", at most {at_most}" if item.at_most_usd is not None else ""
        known = "price unknown" if item.usd is None else cost
        yield f"- {item.name}: {item.quantity:,.10g} {item.unit}, {known}{most}"
