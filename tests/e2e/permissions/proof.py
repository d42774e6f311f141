"""Renders docs/permission-proof.md: the removed permission, the scenario and its result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.permissions.policies import Permission, granted
from tests.e2e.permissions.scenario_of_permission import scenario_of, unchecked_reason

GRANTED = granted()
CHECKED = tuple(permission for permission in GRANTED if not unchecked_reason(permission))
NOT_CHECKED = tuple(permission for permission in GRANTED if unchecked_reason(permission))


def row(permission: Permission, ended: str) -> str:
    """A row of the table."""
    description = scenario_of(permission).description
    return f"| {permission.role} | `{permission.action}` | {permission.on} | {description} | {ended} |"


@dataclass(frozen=True)
class Proofs:
    """The result for each permission: one line each in a file that several processes append to."""

    file: Path

    def add(self, permission: Permission, ended: str) -> None:
        """Appends one result."""
        with self.file.open("a") as lines:
            lines.write(json.dumps([str(permission), ended]) + "\n")

    def ended(self) -> dict[str, str]:
        """All results."""
        return dict(json.loads(line) for line in self.file.read_text().splitlines()) if self.file.exists() else {}

    def write(self, page: Path) -> None:
        """Writes the page, if there is a result for each permission that the local cloud checks.

        A permission that was not taken away in this run keeps the result that the page has.
        """
        ended = _written(page) | self.ended()
        if all(str(permission) in ended for permission in CHECKED):
            page.write_text(_page(ended))


def _written(page: Path) -> dict[str, str]:
    """The results that the page has, for permissions whose scenario is still the same."""
    starts = {permission: row(permission, "").removesuffix(" |") for permission in CHECKED}
    lines = page.read_text().splitlines() if page.exists() else []
    return {
        str(permission): line.removeprefix(start).removesuffix(" |")
        for line in lines
        for permission, start in starts.items()
        if line.startswith(start)
    }


def _page(ended: Mapping[str, str]) -> str:
    return (
        _HEAD
        + "".join(f"{row(permission, ended[str(permission)])}\n" for permission in CHECKED)
        + _NOT_CHECKED_HEAD
        + "".join(
            f"| {permission.role} | `{permission.action}` | {permission.on} | {unchecked_reason(permission)} |\n"
            for permission in NOT_CHECKED
        )
    )


_HEAD = """<!-- Written by tests/e2e/permissions: do not edit. -->

# What happens without a permission

*For the platform engineer, and for who reviews the deployment.*

Every permission of every role (docs/permissions.md) was taken away, one at a time, from the app deployed into the local
cloud (docs/local-cloud.md). Then a scenario that needs it was run. Each time, it ended with AWS's message on who is not
authorized to perform which action on which resource. The tests are in `tests/e2e/permissions/`. They check that

- the run fails, and its cause names the action, the role, and a resource of the permission;
- the run has a report with the same message. If the step that writes it lacks the permission, the function that closes
  failed runs writes it;
- no paid resource is left. If listing, identifying or deleting it was denied, the hourly sweep deletes it when the
  permission is restored;
- with all permissions the same scenario succeeds, and the deployed roles have exactly the grants of the table.

A permission is an action on one kind of resource. An action on a job and on a model counts twice, and so does a key
that is used through S3 and through SNS. The models of a kind count as one.

```
pytest -m "" tests/e2e/permissions   all of it
PERMISSION_PROOF=docs/permission-proof.md pytest -m "" tests/e2e/permissions   all of it, and writes this page
PERMISSION_PROOF=docs/permission-proof.md pytest -m "" tests/e2e/permissions -k "start_run and ListBucket"   these rows
```

| role | without | on | scenario | result |
| --- | --- | --- | --- | --- |
"""
_NOT_CHECKED_HEAD = """
## Permissions that the local cloud does not check

AWS checks these, and the local cloud does not. A test runs the pipeline without all of them: it succeeds, so this list
has no permission that could be tested.

| role | action | on | reason |
| --- | --- | --- | --- |
"""
