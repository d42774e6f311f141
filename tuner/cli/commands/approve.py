"""`tuner approve` and `tuner reject`: answer a run that waits for approval of its cost."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from tuner import approval
from tuner.artifacts.approval import ApprovalAnswer, ApprovalDecision, ApprovalRequest
from tuner.artifacts.costs.amounts import money, money_at_most
from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors
from tuner.aws.executions import TOKEN_GONE
from tuner.cli import run_lookup
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.options import Local, Reference, Stack, connect
from tuner.cli.progress.executions import Run
from tuner.cli.progress.paid_window import amount
from tuner.cli.terminal.console import say
from tuner.core.run import again_command
from tuner.core.times import iso, now


def approve(
    reference: Reference,
    at_most: Annotated[
        float | None,
        typer.Option("--at-most", metavar="USD", min=0, help="Approve nothing if the run can cost more than that."),
    ] = None,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Approve the estimated cost of a run that waits. Needs states:SendTaskSuccess."""
    _answer(connect(stack, on_local), reference, "approved", at_most=at_most)


def reject(
    reference: Reference,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Reason, shown in the run's report.")] = "",
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """End a run that waits for approval, before it spends money. Needs states:SendTaskFailure."""
    _answer(connect(stack, on_local), reference, "rejected", reason)


def _answer(
    deployment: Deployment,
    reference: str,
    decision: ApprovalDecision,
    reason: str = "",
    at_most: float | None = None,
) -> None:
    """Sends the answer to the run that waits, and records it. A repeated answer changes nothing.

    Raises CommandError when the run does not wait, has got another answer, or may cost another sum than the caller
    means.
    """
    run = run_lookup.resolve(deployment, reference)
    folder = deployment.folder(run.run_id)
    earlier, request = approval.find_answer(folder), approval.find_request(folder)
    # A run asks again if its worst case has grown since the first answer.
    if earlier and (request is None or earlier.at >= request.asked_at):
        _repeated(run, earlier, decision)
        return
    waiting = _waiting(run, request)
    if decision == "approved":
        _check_amount(run, waiting, earlier, at_most)
    answer = ApprovalAnswer(decision=decision, by=_caller(), at=iso(now()), reason=reason)
    # Step Functions decides which answer counts, so the record is written after it has accepted this one.
    _send(run, waiting, answer)
    folder.save(answer)
    cost = amount(waiting.estimated_usd, waiting.unknown)
    if decision == "approved":
        say(
            f"Approved: the run {run.run_id} continues, and costs about {cost}. Follow it: tuner watch {run.run_id}",
            "good",
        )
    else:
        say(f"Rejected: the run {run.run_id} ends, and the estimated {cost} are not spent.", "good")


def _repeated(run: Run, earlier: ApprovalAnswer, decision: ApprovalDecision) -> None:
    """Handles a second answer. The same one changes nothing; a different one is refused."""
    if earlier.decision != decision:
        more = "" if run.over else f" To end it anyway: tuner stop {run.run_id}"
        raise CommandError(f"The run {run.run_id} was {earlier.sentence()}.{more}")
    say(f"The run {run.run_id} was {earlier.sentence()}. Nothing changes.")


def _waiting(run: Run, request: ApprovalRequest | None) -> ApprovalRequest:
    if run.over:
        raise CommandError(f"The run {run.run_id} has ended ({run.status}): it needs no answer.")
    if request is None:
        raise CommandError(
            f"The run {run.run_id} does not wait for approval, or not yet: 'tuner watch {run.run_id}' shows its "
            "progress. Only a run that costs more than the deployment's 'approval_usd' needs approval."
        )
    if request.expires_at < iso(now()):
        raise CommandError(
            f"Nobody approved the run {run.run_id} by {request.expires_at}, so it ends by itself. "
            f"To ask again: {again_command(run.run_id)}"
        )
    return request


def _check_amount(run: Run, request: ApprovalRequest, earlier: ApprovalAnswer | None, at_most: float | None) -> None:
    """Raises CommandError when the caller may mean another sum: their own limit, or an earlier request's sum."""
    cost = money_at_most(request.worst_case_usd)
    if at_most is not None and request.worst_case_usd > at_most:
        raise CommandError(
            f"The run {run.run_id} can cost {cost} (rounded up), which is more than {money(at_most)}: not approved."
        )
    if at_most is None and request.again:
        was = f" It was {earlier.sentence()}." if earlier else ""
        raise CommandError(
            f"The run {run.run_id} asks again, because it can now cost more: {cost}.{was} To approve this sum too: "
            f"{request.approve_command(run.run_id)}"
        )


def _send(run: Run, request: ApprovalRequest, answer: ApprovalAnswer) -> None:
    """Sends the answer. Step Functions accepts one answer per token: of two people at once, the first decides."""
    token = request.task_token.get_secret_value()
    with mapped_errors(f"answer the run '{run.run_id}'"):
        try:
            if answer.decision == "approved":
                client("stepfunctions").send_task_success(
                    taskToken=token, output=json.dumps(answer.model_dump(exclude={"schema_version"}))
                )
            else:
                cause = f"The run's cost was {answer.sentence()}. Nothing was spent on training or serving."
                client("stepfunctions").send_task_failure(taskToken=token, error="ApprovalRejectedError", cause=cause)
        except ClientError as error:
            if code_of(error) in TOKEN_GONE:
                raise CommandError(
                    f"The run {run.run_id} no longer waits for approval: somebody has just answered, or the time ran "
                    f"out. 'tuner watch {run.run_id}' shows its state."
                ) from None
            raise


def _caller() -> str:
    with mapped_errors("ask who is calling"):
        return str(client("sts").get_caller_identity()["Arn"])
