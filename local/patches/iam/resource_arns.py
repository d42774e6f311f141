"""The ARN that a request is authorised on, where MiniStack takes another than AWS and a scoped policy never matches.

- EventBridge Scheduler: MiniStack takes the group `default` for every schedule, whatever its group.
- Service Quotas, which is ours: a quota has an ARN of its own.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions

from local.patches.iam.authorization import Request


def install() -> None:
    """Name the resources of these services as AWS does."""
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
        find = _CORRECTED.get(service)
        resource = find(Request(method, path, headers, body, query_params)) if find else None
        if resource:
            return f"arn:aws:{service}:{region}:{account_id}:{resource}"
        return str(original(service, method, path, headers, body, query_params, region, account_id))

    iam_actions.extract_resource_arn = corrected


def schedule(request: Request) -> str | None:
    """The schedule in its group, which is in the body when the request writes and in the query when it does not."""
    name = request.path.removeprefix("/schedules/")
    if name == request.path:
        return None
    if request.method in ("POST", "PUT"):
        group = _document(request.body).get("GroupName")
    else:
        group = next(iter(request.query.get("groupName", ())), None)
    return f"schedule/{group or 'default'}/{name}"


def quota(request: Request) -> str | None:
    """The quota of a service, for the operations on a single one."""
    document = _document(request.body)
    if "QuotaCode" not in document:
        return None
    return f"{document.get('ServiceCode')}/{document['QuotaCode']}"


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


_CORRECTED: dict[str, Callable[[Request], str | None]] = {"scheduler": schedule, "servicequotas": quota}
