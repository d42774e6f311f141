"""What needs a permission, and how it fails without the permission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.permissions.admin_pipeline import AdminPipeline


@dataclass(frozen=True)
class Failure:
    """How a scenario failed. `run` is the run that failed, if one did. `how` describes any other end."""

    error: str
    message: str
    run: str = ""
    how: str = ""


@dataclass(frozen=True)
class Scenario:
    """What needs a permission. docs/permission-proof.md shows the description.

    First, `dataset` is run once with all permissions, and `prepare` is called. Then `run_without_permission` returns
    how the scenario fails. After the permission is restored, `check_recovery` checks that nothing paid is left.
    """

    description: str
    run_without_permission: Callable[[AdminPipeline], Failure]
    dataset: str = "provisioned"
    prepare: Callable[[AdminPipeline], object] = lambda _: None
    check_recovery: Callable[[AdminPipeline], None] = lambda admin: admin.wait_until_released()


def failed_run(admin: AdminPipeline, run: str) -> Failure:
    ended = admin.pipeline.finished(run)
    assert ended["status"] == "FAILED", f"{run} ended {ended['status']} without the permission"
    return Failure(ended["error"], ended["cause"], run)


def refusal(reply: dict[str, str]) -> Failure:
    assert "errorType" in reply, f"the function returned {reply} without the permission"
    return Failure(reply["errorType"], reply["errorMessage"])
