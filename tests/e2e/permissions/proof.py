"""Renders docs/permission-proof.md: the removed permission, the scenario and its result."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.permissions.policies import Permission, granted
from tests.e2e.permissions.situations import not_asked_here, situation_of

GRANTED = granted()
ASKED = tuple(permission for permission in GRANTED if not not_asked_here(permission))
NOT_ASKED = tuple(permission for permission in GRANTED if not_asked_here(permission))
_SEED = "least privilege"


def sample() -> set[Permission]:
    """One permission of each role, the same ones every time; where possible one that needs no further dataset."""
    chance = random.Random(_SEED)
    roles = dict.fromkeys(permission.role for permission in ASKED)
    return {chance.choice(_quickest(role)) for role in roles}


def _quickest(role: str) -> list[Permission]:
    of_role = [permission for permission in ASKED if permission.role == role]
    return [permission for permission in of_role if situation_of(permission).dataset == "provisioned"] or of_role


def row(permission: Permission, ended: str) -> str:
    """A row of the table."""
    return (
        f"| {permission.role} | `{permission.action}` | {permission.on} | {situation_of(permission).words} | {ended} |"
    )


@dataclass(frozen=True)
class Proofs:
    """How each permission's absence ended, in words: a line each in a file that several processes add to."""

    file: Path

    def add(self, permission: Permission, ended: str) -> None:
        """Keeps one."""
        with self.file.open("a") as lines:
            lines.write(json.dumps([str(permission), ended]) + "\n")

    def ended(self) -> dict[str, str]:
        """All that were kept."""
        return dict(json.loads(line) for line in self.file.read_text().splitlines()) if self.file.exists() else {}

    def complete(self) -> bool:
        """Whether every permission that can be shown was shown."""
        return self.ended().keys() == {str(permission) for permission in ASKED}

    def page(self) -> str:
        """The page."""
        ended = self.ended()
        return (
            _HEAD
            + "".join(f"{row(permission, ended[str(permission)])}\n" for permission in ASKED)
            + _NOT_ASKED_HEAD
            + "".join(
                f"| {permission.role} | `{permission.action}` | {permission.on} | {not_asked_here(permission)} |\n"
                for permission in NOT_ASKED
            )
        )


_HEAD = """<!-- Written by the tests that it tells of: do not edit. -->

# What happens without a permission

*For the platform engineer, and for who reviews the deployment.*

Every permission of every role (docs/permissions.md) was taken away, one at a time, from the app deployed into the local
cloud (docs/local-cloud.md). What needs it was made to happen, and each time ended with AWS's own message: who is not
authorized to perform which action on which resource. The tests that do so are in `tests/e2e/permissions/`; they check
that

- the run ends FAILED, and its cause names the action, the role, and a resource that the permission was on;
- the run has its report, which says the same, whichever permission is missing: if the step that writes it may not, the
  function that closes failed runs does;
- nothing that is paid for stays alive. Only where listing, recognising or deleting it was denied does it stay until the
  permission is back; then the hourly sweep deletes it;
- with all permissions the same situation ends well, and the deployed roles hold what the table grants, nothing else.

A permission is an action on one kind of resource: an action on a job and on a model counts twice, and so does a key
that is used through S3 and through SNS. The models of a kind count as one.

```
pytest tests/e2e/permissions                     all of it
pytest tests/e2e/permissions -m "not thorough"   one permission of each role, as `make test` does
PERMISSION_PROOF=docs/permission-proof.md pytest tests/e2e/permissions      all of it, and writes this page
```

| role | without | on | what is made to happen | it ends |
| --- | --- | --- | --- | --- |
"""
_NOT_ASKED_HEAD = """
## What the local cloud does not ask for

AWS needs these, and the local cloud cannot show it. A run without any of them succeeds here, which the tests check, so
that this list holds nothing that could be shown.

| role | action | on | why not here |
| --- | --- | --- | --- |
"""
