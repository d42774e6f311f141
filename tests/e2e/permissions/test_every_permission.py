"""Removes every permission of every role, one at a time, and checks for an AccessDenied error that names it."""

from __future__ import annotations

import fnmatch
import re

import pytest

from tests.e2e.permissions.policies import Permission
from tests.e2e.permissions.proof import ASKED, NOT_ASKED, sample
from tests.e2e.permissions.situations import Failure, situation_of

pytestmark = pytest.mark.e2e
_SAMPLE = sample()
_REPORTING = {"Report the failure", "Notify of the failure", "The run failed", "Release after a failure"}
_RELEASE_ITSELF = re.compile(r"bedrock:(List|Delete)")


def each(permission: Permission):
    marks = () if permission in _SAMPLE else pytest.mark.thorough
    return pytest.param(permission, id=str(permission).replace(" on ", "-").replace(" ", "-"), marks=marks)


def test_the_deployed_roles_hold_what_the_table_grants(roles):
    assert roles.deployed() == set(roles.names.values())
    assert roles.held() == {*ASKED, *NOT_ASKED}


@pytest.mark.parametrize("permission", [each(permission) for permission in ASKED])
def test_without_it(permission, stage, roles, proofs):
    situation = situation_of(permission)
    stage.first_run(situation.dataset)
    situation.prepare(stage)
    stage.nothing_alive()
    arns = roles.arns(permission)
    with roles.without(permission):
        failure = situation.provoke(stage)
        names(failure.message, permission, roles.names[permission.role], arns)
        if failure.run and not keeps_the_release_from_working(permission):
            stage.nothing_alive()
    if keeps_the_release_from_working(permission):
        stage.sweep()
    situation.mend(stage)
    proofs.add(permission, ending(stage, failure, permission))


def names(message: str, permission: Permission, role: str, arns: set[str]) -> None:
    """The message says who may not do what on which resource."""
    found = re.search(
        rf"assumed-role/{role}/\S+ is not authorized to perform: {permission.action} on resource: (\S+)", message
    )
    assert found, message
    assert any(fnmatch.fnmatchcase(found[1], arn) for arn in arns), f"{found[1]} is none of {arns}"


def keeps_the_release_from_working(permission: Permission) -> bool:
    """Then the throughput stays until the permission is back; all else leaves nothing alive."""
    return permission.role == "release_throughput" and bool(_RELEASE_ITSELF.match(permission.action))


def ending(stage, failure: Failure, permission: Permission) -> str:
    """In words; what failed as a run has its report, whatever was denied."""
    if not failure.run:
        return failure.how or f"refused: {failure.error}"
    report = stage.pipeline.report(failure.run)
    assert report["status"] == "FAILED"
    assert permission.action in report["failure"]["message"]
    state = next(state for state in reversed(stage.pipeline.states(failure.run)) if state not in _REPORTING)
    stage.forget(failure.run)
    return f"FAILED in “{state}”: {failure.error}"


@pytest.mark.thorough
def test_what_is_not_asked_for_here_is_missed_by_no_run(stage, roles):
    """When the local cloud begins to ask for one of these, it belongs among those above."""
    stage.first_run("provisioned")
    with roles.without(*NOT_ASKED):
        run = stage.start(stage.next_run("provisioned"))
        ended = stage.pipeline.finished(run)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
