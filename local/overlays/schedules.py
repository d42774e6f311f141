"""EventBridge Scheduler: the ARN that a request is authorised on, and how late a schedule may fire.

MiniStack authorises every schedule in the group `default`, whatever its group, so that a policy scoped to a group never
matches. And it looks for due schedules every ten seconds; AWS promises a minute, a demonstration wants one second.
"""

import json
from typing import Any

from ministack.core import iam_actions
from ministack.services import scheduler

_TICK_SECONDS = 1


def install() -> None:
    """Name the schedule's own group, and look for due schedules every second."""
    original = iam_actions.extract_resource_arn

    def in_its_group(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        name = path.removeprefix("/schedules/")
        if service == "scheduler" and path != name:
            group = schedule_group(method, body, query_params)
            return f"arn:aws:scheduler:{region}:{account_id}:schedule/{group}/{name}"
        return str(original(service, method, path, headers, body, query_params, region, account_id))

    iam_actions.extract_resource_arn = in_its_group
    scheduler._SCHEDULE_TICK_INTERVAL = _TICK_SECONDS


def schedule_group(method: str, body: bytes, query: dict[str, Any]) -> str:
    """The group a schedule request names: in the body when it writes, in the query when it reads or deletes."""
    if method in ("POST", "PUT"):
        try:
            document = json.loads(body)
        except ValueError:
            return "default"
        return str(document.get("GroupName") or "default") if isinstance(document, dict) else "default"
    named = query.get("groupName") or ["default"]
    return named if isinstance(named, str) else str(named[0])
