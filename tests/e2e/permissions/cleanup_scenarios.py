"""What needs a permission after a run or outside of runs: ends, the ledger, releases, sweeps."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from tests.e2e.permissions.admin_pipeline import DEPLOYMENT, AdminPipeline
from tests.e2e.permissions.scenario import Failure, Scenario, refusal
from tests.e2e.pipeline import until
from tuner.artifacts.costs.ledger import Ceilings
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.core.artifact_keys import Keys
from tuner.core.times import now

_WRONG_USD = Decimal(9999)


def _sweep(admin: AdminPipeline) -> Failure:
    """The sweep does not fail because of one resource. It notifies and logs."""
    admin.orphan()
    position = len(admin.log())
    assert not admin.sweep()["released"]
    logged = until(
        lambda: admin.find_in_log("Not released or not recorded", position), "a line of the sweep in the log", 10
    )
    return Failure("", logged, how="not released: the log and the notification say why")


def _sweep_of_places(admin: AdminPipeline) -> Failure:
    return refusal(admin.invoke(f"{DEPLOYMENT}-assign-places", {"sweep": True}))


def _sweep_places_again(admin: AdminPipeline) -> None:
    assert "errorType" not in admin.invoke(f"{DEPLOYMENT}-assign-places", {"sweep": True})


def _sweep_cannot_delete(admin: AdminPipeline) -> Failure:
    admin.orphan()
    with admin.bedrock_settings(fail_deletes="Not now."):
        return refusal(admin.sweep())


def _sweep_of_models(admin: AdminPipeline) -> Failure:
    admin.create_unused_model()
    with admin.bedrock_settings(models_age_days=2):
        return refusal(admin.sweep())


def _sweep_models_again(admin: AdminPipeline) -> None:
    model = admin.create_unused_model()
    with admin.bedrock_settings(models_age_days=2):
        admin.sweep()
    assert model not in admin.models()


def _sweep_of_schedules(admin: AdminPipeline) -> Failure:
    """The sweep does not fail because of one schedule. It logs why the schedule stays."""
    admin.create_schedule_of_released_endpoint()
    position = len(admin.log())
    admin.sweep()
    logged = until(lambda: admin.find_in_log("Deleted release schedules", position), "the sweep's line in the log", 10)
    return Failure("", logged, how="the release schedule stays, and fires later: the log says why")


def _sweep_schedules_again(admin: AdminPipeline) -> None:
    run = admin.create_schedule_of_released_endpoint()
    admin.sweep()
    assert not admin.scheduled(run)


def _keep_without_release_schedule(admin: AdminPipeline) -> Failure:
    return refusal(admin.invoke(f"{DEPLOYMENT}-keep-throughput", {"run_id": admin.run_with_endpoint("kept")}))


def _delete_stack(admin: AdminPipeline) -> Failure:
    admin.run_with_endpoint("provisioned")
    return Failure("", admin.request_stack_deletion(), how="the deletion fails, and its reason names the action")


def _delete_stack_again(admin: AdminPipeline) -> None:
    assert "No paid resource of this deployment exists" in admin.request_stack_deletion()
    admin.wait_until_released(1)


def _sweep_again(admin: AdminPipeline) -> None:
    assert admin.sweep()["released"]
    admin.wait_until_released()


def _stopped(admin: AdminPipeline) -> str:
    return f"{admin.first_run('provisioned')}-r998"


def _stop(admin: AdminPipeline) -> None:
    """Waits for the report while all permissions exist, so that only `_close` runs without one."""
    run = _stopped(admin)
    if not admin.pipeline.artifact(run, Keys.REPORT):
        admin.start(run)
        admin.pipeline.client("stepfunctions").stop_execution(executionArn=admin.pipeline.arn(run))
        admin.pipeline.report(run)


def _closed(admin: AdminPipeline) -> dict[str, str]:
    detail = {"executionArn": admin.pipeline.arn(_stopped(admin)), "name": _stopped(admin), "status": "ABORTED"}
    reply: dict[str, str] = admin.invoke(f"{DEPLOYMENT}-close-run", {"detail": detail})
    return reply


def _close(admin: AdminPipeline) -> Failure:
    admin.delete_artifacts(_stopped(admin), "report/")
    return refusal(_closed(admin))


def _close_again(admin: AdminPipeline) -> None:
    assert "errorType" not in _closed(admin)
    assert admin.pipeline.report(_stopped(admin))["status"] == "ABORTED"


def _ledger(admin: AdminPipeline) -> LedgerTable:
    return LedgerTable(admin.pipeline.outputs["StateTableName"], admin.pipeline.client("dynamodb"))


def _deliver_end(admin: AdminPipeline) -> dict[str, str]:
    run = admin.first_run("provisioned")
    detail = {"executionArn": admin.pipeline.arn(run), "name": run, "status": "SUCCEEDED"}
    reply: dict[str, str] = admin.invoke(f"{DEPLOYMENT}-close-run", {"detail": detail})
    return reply


def _end(admin: AdminPipeline) -> Failure:
    """The ledger has another amount than the report, as before the run's end."""
    _ledger(admin).settle(admin.first_run("provisioned"), "provisioned", _WRONG_USD, now())
    return refusal(_deliver_end(admin))


def _end_again(admin: AdminPipeline) -> None:
    assert "errorType" not in _deliver_end(admin)
    entry = _ledger(admin).find(admin.first_run("provisioned"))
    assert entry
    assert entry.usd != _WRONG_USD


def _sweep_ledger(admin: AdminPipeline) -> Failure:
    long_ago = now() - dt.timedelta(hours=2)  # an execution that has just begun may not be found yet
    _ledger(admin).reserve("never-started", "provisioned", _WRONG_USD, Ceilings(), long_ago)
    return refusal(admin.invoke(f"{DEPLOYMENT}-close-run", {"sweep": True}))


def _sweep_ledger_again(admin: AdminPipeline) -> None:
    assert admin.invoke(f"{DEPLOYMENT}-close-run", {"sweep": True}) == {}
    entry = _ledger(admin).find("never-started")
    assert entry
    assert not entry.is_open


def _fire_release_schedule(admin: AdminPipeline) -> Failure:
    run, position = admin.orphan(), len(admin.log())
    admin.create_release_schedule(run, 1)
    dropped = until(lambda: admin.undelivered_log_line(position), "a schedule that fires", 60)
    assert admin.pipeline.alive()
    return Failure("", dropped, how="not delivered, as the server's log says")


def _release_training(admin: AdminPipeline) -> Failure:
    return refusal(admin.invoke("ReleaseFunctionName", {"run_id": admin.run_in_training()}))


def _release_training_again(admin: AdminPipeline) -> None:
    admin.stop_jobs()
    run = admin.run_in_training()
    assert admin.invoke("ReleaseFunctionName", {"run_id": run})["released"]
    until(lambda: admin.job_status(run) == "Stopped", "a job that is stopped", 30)


def _release_batch(admin: AdminPipeline) -> Failure:
    return refusal(admin.invoke("ReleaseFunctionName", {"run_id": admin.run_in_batch()}))


def _release_batch_again(admin: AdminPipeline) -> None:
    (arn,) = admin.invoke("ReleaseFunctionName", {"run_id": admin.run_in_batch()})["released"]
    until(lambda: admin.batch_status(arn) == "Stopped", "a batch job that is stopped", 30)


BATCH = Scenario(
    "the release of a run whose batch job is in progress",
    _release_batch,
    "unhurried",
    check_recovery=_release_batch_again,
)
NO_RELEASE_SCHEDULE = Scenario(
    "a run keeps its throughput after its release schedule was deleted",
    _keep_without_release_schedule,
    "kept",
    check_recovery=_sweep_again,
)
SWEEP = Scenario("the hourly sweep finds throughput that belongs to no run", _sweep, check_recovery=_sweep_again)
SWEEP_CANNOT_DELETE = Scenario(
    "the hourly sweep finds throughput that Bedrock does not delete", _sweep_cannot_delete, check_recovery=_sweep_again
)
SWEEP_OF_PLACES = Scenario(
    "the hourly sweep of the queue for places", _sweep_of_places, check_recovery=_sweep_places_again
)
MODELS = Scenario(
    "the hourly sweep finds a custom model that nothing uses",
    _sweep_of_models,
    "untouched",
    check_recovery=_sweep_models_again,
)
SCHEDULED = Scenario(
    "the hourly sweep finds the release schedule of throughput that is gone",
    _sweep_of_schedules,
    check_recovery=_sweep_schedules_again,
)
CLOSE = Scenario(
    "the end of a run that was stopped before its report", _close, prepare=_stop, check_recovery=_close_again
)
ENDED = Scenario("the end of a run", _end, check_recovery=_end_again)
LEDGER_SWEEP = Scenario("a sweep of the ledger", _sweep_ledger, check_recovery=_sweep_ledger_again)
STACK_DELETION = Scenario(
    "the stack is deleted while throughput exists", _delete_stack, "provisioned", check_recovery=_delete_stack_again
)
TRAINING = Scenario(
    "the release of a run whose job is in progress", _release_training, check_recovery=_release_training_again
)
RELEASE_SCHEDULE = Scenario("the release schedule fires", _fire_release_schedule, check_recovery=_sweep_again)
