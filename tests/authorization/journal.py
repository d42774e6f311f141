"""Every authorization decision of a local cloud, written down: loaded into its server by $LOCAL_CLOUD_OVERLAYS.

A line is a `Call`. The same call of the same principal is written once. Requests of the account's administrator are not
decided at all, and so are not here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from threading import Lock
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext
from pydantic import BaseModel, ConfigDict

JOURNAL_VARIABLE = "LOCAL_AUTHORIZATION_JOURNAL"
MODULE = "tests.authorization.journal"
# What iam_evaluator knows by itself, without its being in a request's context.
_KEYS = ("aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType", "aws:RequestedRegion", "aws:SecureTransport")


class Call(BaseModel):
    """What was asked: by a role (its ARN as a session of it) or by a service, and what the local cloud decided."""

    model_config = ConfigDict(frozen=True)

    principal: str
    service: bool
    action: str
    resource: str
    context: Mapping[str, Any]
    decision: str

    @property
    def role(self) -> str:
        """The role's name; "" for a service."""
        return self.principal.split("/")[1] if ":assumed-role/" in self.principal else ""


def read(path: Path) -> Iterator[Call]:
    """The calls of a journal."""
    yield from (Call.model_validate_json(line) for line in path.read_text("utf-8").splitlines())


def install() -> None:
    """Writes what MiniStack's evaluator decides, for roles by their policies and for services by a resource's."""
    journal = _Journal(Path(os.environ[JOURNAL_VARIABLE]))
    by_policies, by_resource = iam_evaluator.evaluate, iam_evaluator.evaluate_resource_policy

    # A resource's policy is put to `evaluate` too; alone, it decides nothing about a role.
    of_a_resource = ContextVar("whether a resource's policy is evaluated", default=False)

    def evaluate(context: EvalContext, *policies: Any) -> Any:
        result = by_policies(context, *policies)
        if context.principal_type == "AssumedRole" and not of_a_resource.get():
            journal.write(context, context.principal_arn, result.decision)
        return result

    def evaluate_resource_policy(document: Any, context: EvalContext, service: str | None = None, **how: Any) -> Any:
        token = of_a_resource.set(True)
        try:
            result = by_resource(document, context, service, **how)
        finally:
            of_a_resource.reset(token)
        if service:
            journal.write(context, service, result.decision)
        return result

    iam_evaluator.evaluate = evaluate
    iam_evaluator.evaluate_resource_policy = evaluate_resource_policy


class _Journal:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: set[str] = set()
        self._lock = Lock()

    def write(self, context: EvalContext, principal: str, decision: str) -> None:
        call = Call(
            principal=_without_session(principal),
            service=not principal.startswith("arn:"),
            action=context.action,
            resource=context.resource_arn,
            context=_keys_of(context),
            decision=decision,
        )
        line = json.dumps(call.model_dump(mode="json"), sort_keys=True) + "\n"
        with self._lock:
            if line not in self._written:
                self._written.add(line)
                with self._path.open("a", encoding="utf-8") as lines:
                    lines.write(line)


def _keys_of(context: EvalContext) -> dict[str, Any]:
    """Condition keys and their values, as far as they are set. Names and values of tags keep their case."""
    known = {key: iam_evaluator._resolve_condition_key(key, context) for key in _KEYS}
    known["aws:PrincipalArn"] = _without_session(str(known["aws:PrincipalArn"]))
    tags = {f"aws:RequestTag/{name}": value for name, value in context.request_tags.items()}
    listed = {"aws:TagKeys": context.tag_keys} if context.tag_keys else {}
    found = known | listed | tags | context.service_context
    return {key: value for key, value in found.items() if value is not None}


def _without_session(principal: str) -> str:
    """A session's name differs from call to call, and nothing depends on it."""
    return principal.rsplit("/", 1)[0] + "/session" if ":assumed-role/" in principal else principal
