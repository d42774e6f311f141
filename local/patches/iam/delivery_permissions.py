"""EventBridge and EventBridge Scheduler deliver to a Lambda function only if they may; MiniStack always delivers.

A rule needs the function's resource policy to admit `events.amazonaws.com` for its ARN; a schedule needs its role to
trust `scheduler.amazonaws.com` and to allow the invocation. As on AWS a delivery that is not allowed is dropped, and
nobody is told: here the server's log says so.
"""

import logging
from typing import Any

from ministack.core import iam_evaluator, responses
from ministack.core.iam_evaluator import EvalContext
from ministack.services import eventbridge, lambda_svc

from local.patches.iam.authorization import Check, role_denial, trusts

logger = logging.getLogger(__name__)


def install() -> None:
    """Ask before each delivery to a function."""
    original = eventbridge._invoke_target

    def allowed_only(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any) -> Any:
        arn = target.get("Arn", "")
        denial = _denial(target, rule) if ":lambda:" in arn else None
        if denial:
            logger.warning("%s is not delivered to %s: %s", rule.get("Arn") or rule.get("Name"), arn, denial)
            return None
        return original(target, event, rule, *rest)

    eventbridge._invoke_target = allowed_only


def _denial(target: dict[str, Any], rule: dict[str, Any]) -> str | None:
    role = target.get("RoleArn")
    # A rule invokes a function by the function's policy, even when its target names a role.
    if role and "FlexibleTimeWindow" in rule:
        group = rule["Arn"].replace(":schedule/", ":schedule-group/").rsplit("/", 1)[0]
        if not trusts(role, "scheduler.amazonaws.com", group):
            return f"{role} does not trust scheduler.amazonaws.com for {group}"
        return role_denial(role, "scheduler", Check("lambda:InvokeFunction", target["Arn"]))
    return _policy_denial(target["Arn"], rule.get("Arn", ""))


def _policy_denial(function_arn: str, rule_arn: str) -> str | None:
    found = lambda_svc.function_policy_for_arn(function_arn)
    if found is None:
        return None  # no such function: MiniStack logs that itself
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=responses.get_region(),
        service_context={"aws:sourcearn": rule_arn, "aws:sourceaccount": responses.get_account_id()},
    )
    decision = iam_evaluator.evaluate_resource_policy(found[0], context, service="events.amazonaws.com")
    if decision.decision == "Allow":
        return None
    return "the function's policy does not let events.amazonaws.com invoke it for this rule"
