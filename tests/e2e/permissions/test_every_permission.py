"""Removes every permission of every role, one at a time, and checks for an AccessDenied error that names it."""

from __future__ import annotations

import fnmatch
import re

import pytest

from tests.e2e.permissions.policies import Permission
from tests.e2e.permissions.proof import CHECKED, NOT_CHECKED
from tests.e2e.permissions.scenario import Failure
from tests.e2e.permissions.scenario_of_permission import scenario_of

pytestmark = [pytest.mark.e2e, pytest.mark.thorough]  # `make permissions` runs them
_REPORTING = {"Report the failure", "Notify of the failure", "The run failed", "Release after a failure"}
_RELEASE_ITSELF = re.compile(r"bedrock:(List|Delete)")


def _id(permission: Permission) -> str:
    return str(permission).replace(" on ", "-").replace(" ", "-")


def test_the_deployed_roles_hold_what_the_table_grants(roles):
    assert roles.deployed() == set(roles.names.values())
    assert roles.held() == {*CHECKED, *NOT_CHECKED}


@pytest.mark.parametrize("permission", CHECKED, ids=_id)
def test_an_error_names_the_missing_permission(permission, admin, roles, proofs):
    scenario = scenario_of(permission)
    admin.first_run(scenario.dataset)
    scenario.prepare(admin)
    admin.wait_until_released()
    arns = roles.arns(permission)
    with roles.without(permission):
        failure = scenario.run_without_permission(admin)
        names(failure.message, permission, roles.names[permission.role], arns)
        if failure.run and not prevents_the_release(permission):
            admin.wait_until_released()
    if prevents_the_release(permission):
        admin.sweep()
    scenario.check_recovery(admin)
    proofs.add(permission, ending(admin, failure, permission))


def names(message: str, permission: Permission, role: str, arns: set[str]) -> None:
    """Checks that the message has the role, the action and a resource of the permission."""
    found = re.search(
        rf"assumed-role/{role}/\S+ is not authorized to perform: {permission.action} on resource: (\S+)", message
    )
    assert found, message
    # What can be the name of a website is written so that no program makes a link of it.
    resource = found[1].replace("[.]", ".")
    assert any(fnmatch.fnmatchcase(resource, arn) for arn in arns), f"{resource} is none of {arns}"


def prevents_the_release(permission: Permission) -> bool:
    """Whether throughput exists until the permission is restored. Without any other permission, the run releases it."""
    return permission.role == "release_throughput" and bool(_RELEASE_ITSELF.match(permission.action))


def ending(admin, failure: Failure, permission: Permission) -> str:
    """Describes the end of the scenario. A run that failed has its report, whichever permission was missing."""
    if not failure.run:
        return failure.how or f"refused: {failure.error}"
    report = admin.pipeline.report(failure.run)
    assert report["status"] == "FAILED"
    assert permission.action in report["failure"]["message"]
    state = next(state for state in reversed(admin.pipeline.states(failure.run)) if state not in _REPORTING)
    admin.delete_artifacts(failure.run)
    return f"FAILED in “{state}”: {failure.error}"


def test_a_run_succeeds_without_the_permissions_that_are_not_checked_locally(admin, roles):
    """Fails when the local cloud begins to check one of these: then that one must be tested alone."""
    admin.first_run("provisioned")
    with roles.without(*NOT_CHECKED):
        run = admin.start(admin.next_run("provisioned"))
        ended = admin.pipeline.finished(run)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
