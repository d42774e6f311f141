"""EventBridge and EventBridge Scheduler need permissions to invoke a Lambda function. MiniStack always delivers.

For a rule, the resource policy of the function must allow `events.amazonaws.com` for the ARN of the rule. The role of a
schedule must trust `scheduler.amazonaws.com` and allow the invocation. As on AWS, a delivery that is not allowed is
dropped without an error. The server's log has a warning.
"""

import logging
from typing import Any

from ministack.services import eventbridge, lambda_svc

from local.patches.iam.authorization import Check, policy_allows, role_denial, trusts

logger = logging.getLogger(__name__)
_EVENTS = "events.amazonaws.com"


def install() -> None:
    """Checks the permission before each delivery to a function."""
    original = eventbridge._invoke_target

    def deliver_if_allowed(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any) -> Any:
        arn = target.get("Arn", "")
        denial = _denial(target, rule) if ":lambda:" in arn else None
        if denial:
            logger.warning("%s is not delivered to %s: %s", rule.get("Arn") or rule.get("Name"), arn, denial)
            return None
        return original(target, event, rule, *rest)

    eventbridge._invoke_target = deliver_if_allowed


def _denial(target: dict[str, Any], rule: dict[str, Any]) -> str | None:
    role = target.get("RoleArn")
    # MiniStack passes schedules as rules, too; only they have FlexibleTimeWindow. A rule always uses the function's
    # resource policy, even if its target has a role.
    if role and "FlexibleTimeWindow" in rule:
        # The condition key aws:SourceArn of a schedule is the ARN of its group.
        group = rule["Arn"].replace(":schedule/", ":schedule-group/").rsplit("/", 1)[0]
        if not trusts(role, "scheduler.amazonaws.com", group):
            return f"{role} does not trust scheduler.amazonaws.com for {group}"
        return role_denial(role, "scheduler", Check("lambda:InvokeFunction", target["Arn"]))
    return _policy_denial(target["Arn"], rule.get("Arn", ""))


def _policy_denial(function_arn: str, rule_arn: str) -> str | None:
    found = lambda_svc.function_policy_for_arn(function_arn)
    if found is None:
        return None  # MiniStack logs that there is no such function.
    if policy_allows(found[0], _EVENTS, "lambda:InvokeFunction", function_arn, rule_arn):
        return None
    return "the function's policy does not let events.amazonaws.com invoke it for this rule"
