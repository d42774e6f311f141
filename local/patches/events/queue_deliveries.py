"""Permissions and retries for a queue between a rule and a function.

- A rule may send to a queue only if the queue's policy allows `events.amazonaws.com` for the ARN of the rule.
- Lambda receives messages with the function's role, which needs the permissions of a consumer. MiniStack checks none
  of both.
- A throttled invocation is retried; MiniStack counts it as a failure.
- A failed message is delivered again after LAMBDA_ASYNC_RETRY_BASE_SECONDS, by default 1 second. On AWS it is after the
  visibility timeout of the queue, which is half an hour for the arrivals queue.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import eventbridge, lambda_svc, sqs

from local.patches.events import asynchronous_events
from local.patches.iam.authorization import Check, policy_allows, role_denial

logger = logging.getLogger(__name__)
_CONSUMER = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def install() -> None:
    """Checks permissions of both sides of a queue, and retries what failed."""
    eventbridge._invoke_target = _sending_if_allowed(eventbridge._invoke_target)
    lambda_svc._run_sqs_batch = _retrying(asynchronous_events.asynchronously(lambda_svc._run_sqs_batch))


def _sending_if_allowed(original: Callable[..., Any]) -> Callable[..., Any]:
    def deliver(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any) -> Any:
        arn = target.get("Arn", "")
        if ":sqs:" in arn and not _may_send(arn, rule.get("Arn", "")):
            logger.warning("%s is not delivered to %s: the queue's policy does not allow it", rule.get("Arn"), arn)
            return None
        return original(target, event, rule, *rest)

    return deliver


def _may_send(queue_arn: str, rule_arn: str) -> bool:
    queue = sqs._queue_by_arn(queue_arn)
    policy = (queue or {}).get("attributes", {}).get("Policy")
    return policy_allows(policy, "events.amazonaws.com", "sqs:SendMessage", queue_arn, rule_arn)


def _retrying(original: Callable[..., None]) -> Callable[..., None]:
    def run(esm: dict[str, Any], function: dict[str, Any], event: Any, batch: list[dict[str, Any]], *rest: Any) -> None:
        denial = _denial(function["config"]["Role"], esm["EventSourceArn"])
        if denial:
            esm["LastProcessingResult"] = f"PROBLEM: {denial}"
            for message in batch:
                message["receive_count"] -= 1  # what is not received does not count for the dead-letter queue
        else:
            original(esm, function, event, batch, *rest)
        # Messages that succeeded are not in the queue any more.
        for message in batch:
            message["visible_at"] = time.time() + lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS

    return run


def _denial(role: str, queue_arn: str) -> str | None:
    iam_evaluator.pin_request_origin("lambda.amazonaws.com", secure_transport=True)  # for this thread
    denials = (role_denial(role, "lambda", Check(action, queue_arn)) for action in _CONSUMER)
    return next(filter(None, denials), None)
