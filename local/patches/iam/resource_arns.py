"""The ARNs on which requests are authorized, where MiniStack uses other ARNs than AWS.

- EventBridge Scheduler: MiniStack uses the group `default` for every schedule. A schedule's ARN contains its own group.
- DynamoDB: MiniStack checks each action of a transaction on its table, and names no table in a denial.
- Service Quotas, which this project provides: each quota has its own ARN.
- Step Functions: an execution that is started through a version or an alias is authorized on the state machine
  (https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html).

Without this, policies that are limited to resources would never match.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions

from local.patches.iam.authorization import Request


def install() -> None:
    """Uses AWS's ARNs for these services."""
    original = iam_actions.extract_resource_arn

    def corrected(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        find = _RESOURCE_OF.get(service)
        resource = find(Request(method, path, headers, body, query_params)) if find else None
        if resource:
            return f"arn:aws:{service}:{region}:{account_id}:{resource}"
        return str(original(service, method, path, headers, body, query_params, region, account_id))

    iam_actions.extract_resource_arn = corrected


def schedule(request: Request) -> str | None:
    """The resource of a schedule. Its group is in the body of a write and in the query of a read."""
    name = request.path.removeprefix("/schedules/")
    if name == request.path:
        return None
    if request.method in ("POST", "PUT"):
        group = _document(request.body).get("GroupName")
    else:
        group = next(iter(request.query.get("groupName", ())), None)
    return f"schedule/{group or 'default'}/{name}"


def quota(request: Request) -> str | None:
    """The resource of a quota, for operations on a single quota."""
    document = _document(request.body)
    if "QuotaCode" not in document:
        return None
    return f"{document.get('ServiceCode')}/{document['QuotaCode']}"


def state_machine(request: Request) -> str | None:
    """The state machine of an operation that names it by its ARN, also with a version or an alias."""
    arn = str(_document(request.body).get("stateMachineArn", ""))
    return ":".join(arn.split(":")[5:7]) or None


def table(request: Request) -> str | None:
    """The table of a transaction, if all of its actions are on one table."""
    actions = [action for item in _document(request.body).get("TransactItems", ()) for action in item.values()]
    names = {str(action.get("TableName")).rsplit("/", 1)[-1] for action in actions}
    return f"table/{names.pop()}" if len(names) == 1 else None


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


_RESOURCE_OF: dict[str, Callable[[Request], str | None]] = {
    "scheduler": schedule,
    "servicequotas": quota,
    "dynamodb": table,
    "states": state_machine,
}
