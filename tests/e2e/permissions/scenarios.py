"""What the local cloud does to need a permission: usually a run, sometimes an event outside of runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from local.folder import CloudFolder
from tests.e2e.permissions.admin_pipeline import DEPLOYMENT, AdminPipeline
from tests.e2e.pipeline import small_dataset, until
from tuner.artifacts.batch import BatchJob
from tuner.artifacts.costs.ledger import Ceilings
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.core.artifact_keys import Keys
from tuner.core.times import iso, now

_WRONG_USD = Decimal(9999)


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


def _ended(admin: AdminPipeline, run: str) -> Failure:
    ended = admin.pipeline.finished(run)
    assert ended["status"] == "FAILED", f"{run} ended {ended['status']} without the permission"
    return Failure(ended["error"], ended["cause"], run)


def _run_of(dataset: str, description: str) -> Scenario:
    return Scenario(description, lambda admin: _ended(admin, admin.start(admin.next_run(dataset))), dataset)


def _refused(reply: dict[str, str]) -> Failure:
    assert "errorType" in reply, f"the function returned {reply} without the permission"
    return Failure(reply["errorType"], reply["errorMessage"])


def _start(admin: AdminPipeline) -> Failure:
    return _refused(admin.invoke("StartFunctionName", {"dataset": "provisioned", "repeat": 999}))


def _arrive(admin: AdminPipeline) -> Failure:
    """A dataset is uploaded. Lambda cannot receive its message, and says so in the event source mapping."""
    admin.uploads += 1
    admin.pipeline.drop(f"upload-{admin.uploads}", small_dataset("serving: none\n"))
    mappings = admin.pipeline.client("lambda")

    def problem() -> str | None:
        (mapping,) = mappings.list_event_source_mappings()["EventSourceMappings"]
        found = str(mapping["LastProcessingResult"])
        return found if found.startswith("PROBLEM") else None

    how = "no failure: the upload waits in its queue, and the run starts when the permission is back"
    return Failure("", until(problem, "a message that cannot be received", 30), how=how)


def _arrive_again(admin: AdminPipeline) -> None:
    assert admin.pipeline.finished(admin.pipeline.run_of(f"upload-{admin.uploads}"))["status"] == "SUCCEEDED"


def _misnamed(admin: AdminPipeline) -> dict[str, str]:
    """The function with the message of an upload whose name is wrong, as the queue delivers it."""
    admin.uploads += 1
    key, bucket = f"incoming/misnamed-{admin.uploads}/train.jsonl", admin.pipeline.outputs["DataBucketName"]
    admin.pipeline.client("s3").put_object(Bucket=bucket, Key=key, Body=b"{}")
    event = {"time": iso(now()), "detail": {"bucket": {"name": bucket}, "object": {"key": key}}}
    reply: dict[str, str] = admin.invoke("StartFunctionName", {"Records": [{"body": json.dumps(event)}]})
    return reply


def _misnamed_again(admin: AdminPipeline) -> None:
    assert "Rename train.jsonl to training.jsonl." in _misnamed(admin)["reason"]


def _first(admin: AdminPipeline) -> Failure:
    """The first run with an endpoint. A later one writes nothing if its endpoint took as long as an earlier one."""
    return _ended(admin, admin.start(admin.next_run("provisioned")))


def _estimate_without_price_list(admin: AdminPipeline) -> Failure:
    """A missing price fails no run. The reason in the estimate names the denied action."""
    reply = admin.invoke(f"{DEPLOYMENT}-estimate-cost", {"run_id": admin.first_run("provisioned")})
    return Failure("", reply["reason"], how="no failure: the estimate says so and uses the packaged prices")


def _estimate_without_cache(admin: AdminPipeline) -> Failure:
    """Prices that cannot be cached are read again by the next estimate."""
    return Failure(
        "",
        _estimate_without_price_list(admin).message,
        how="no failure: the estimate says so, and the next one asks again",
    )


def _scored(admin: AdminPipeline) -> Failure:
    """Deletes the unpacked encoder, as in a new execution environment of the function."""
    for unpacked in CloudFolder.default().temporary.glob("encoder-*"):
        shutil.rmtree(unpacked)
    return _ended(admin, admin.start(admin.next_run("scored")))


def _scored_by_own_scorer(admin: AdminPipeline) -> Failure:
    """Missing scores fail no run. The reason in the report names the denied action."""
    run = admin.start(admin.next_run("own scorer"))
    ended = admin.pipeline.finished(run)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    [warning] = [text for text in admin.pipeline.report(run)["scoring"]["warnings"] if "no usable score" in text]
    return Failure("", warning, how="no failure: the scores are missing, and the report says why")


def _without_job_quota(admin: AdminPipeline) -> Failure:
    with admin.bedrock_settings(concurrent_jobs=0):
        return _ended(admin, admin.start(admin.next_run("provisioned")))


def bought_before(kind: str) -> Scenario:
    def run_without_permission(admin: AdminPipeline) -> Failure:
        run = admin.next_run(kind)
        admin.create_endpoint(run, kind)
        return _ended(admin, admin.start(run))

    description = f"a run ({kind}) whose endpoint was created by an earlier attempt"
    return Scenario(description, run_without_permission, kind)


def _pinned_before(admin: AdminPipeline) -> Failure:
    run = admin.next_run("provisioned")
    admin.copy(admin.first_run("provisioned"), run, Keys.MANIFEST)
    admin.execute(run)
    return _ended(admin, run)


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
    return _refused(admin.invoke(f"{DEPLOYMENT}-assign-places", {"sweep": True}))


def _sweep_places_again(admin: AdminPipeline) -> None:
    assert "errorType" not in admin.invoke(f"{DEPLOYMENT}-assign-places", {"sweep": True})


def _sweep_cannot_delete(admin: AdminPipeline) -> Failure:
    admin.orphan()
    with admin.bedrock_settings(fail_deletes="Not now."):
        return _refused(admin.sweep())


def _sweep_of_models(admin: AdminPipeline) -> Failure:
    admin.create_unused_model()
    with admin.bedrock_settings(models_age_days=2):
        return _refused(admin.sweep())


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
    return _refused(admin.invoke(f"{DEPLOYMENT}-keep-throughput", {"run_id": admin.run_with_endpoint("kept")}))


def _commit(admin: AdminPipeline) -> Failure:
    failure = _ended(admin, admin.start(admin.next_run("committed")))
    admin.sweep_until_released()
    return failure


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
    return _refused(_closed(admin))


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
    return _refused(_deliver_end(admin))


def _end_again(admin: AdminPipeline) -> None:
    assert "errorType" not in _deliver_end(admin)
    entry = _ledger(admin).find(admin.first_run("provisioned"))
    assert entry
    assert entry.usd != _WRONG_USD


def _sweep_ledger(admin: AdminPipeline) -> Failure:
    _ledger(admin).reserve("never-started", "provisioned", _WRONG_USD, Ceilings(), now())
    return _refused(admin.invoke(f"{DEPLOYMENT}-close-run", {"sweep": True}))


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


def _adopt(admin: AdminPipeline) -> Failure:
    admin.register_training()
    return _run_same_content(admin)


def _adopt_missing_job(admin: AdminPipeline) -> Failure:
    admin.register_training("tuner-not-there")
    return _run_same_content(admin)


def _run_same_content(admin: AdminPipeline) -> Failure:
    admin.may_adopt_jobs = True
    try:
        return _ended(admin, admin.start(admin.next_run("untouched")))
    finally:
        admin.may_adopt_jobs = False


def _release_training(admin: AdminPipeline) -> Failure:
    return _refused(admin.invoke("ReleaseFunctionName", {"run_id": admin.run_in_training()}))


def _release_training_again(admin: AdminPipeline) -> None:
    admin.stop_jobs()
    run = admin.run_in_training()
    assert admin.invoke("ReleaseFunctionName", {"run_id": run})["released"]
    until(lambda: admin.job_status(run) == "Stopped", "a job that is stopped", 30)


def _unanswered_batch(admin: AdminPipeline) -> Failure:
    """A batch job that fails ends no run. Its record names the denied action."""
    run = admin.start(admin.next_run("unhurried"))
    ended = admin.pipeline.finished(run)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    record = BatchJob.model_validate_json(admin.pipeline.artifact(run, Keys.batch("base") + BatchJob.NAME) or b"")
    how = "no failure: the questions are asked by calls, and the record of the job says why"
    return Failure("", str(record.problem), how=how)


def _release_batch(admin: AdminPipeline) -> Failure:
    return _refused(admin.invoke("ReleaseFunctionName", {"run_id": admin.run_in_batch()}))


def _release_batch_again(admin: AdminPipeline) -> None:
    (arn,) = admin.invoke("ReleaseFunctionName", {"run_id": admin.run_in_batch()})["released"]
    until(lambda: admin.batch_status(arn) == "Stopped", "a batch job that is stopped", 30)


PROVISIONED = _run_of("provisioned", "a run with provisioned throughput")
ON_DEMAND = _run_of("on_demand", "a run with a custom model deployment")
UNHURRIED = _run_of("unhurried", "a run that asks in batch jobs")
UNHURRIED_PROFILE = _run_of("unhurried profile", "a run that asks through an inference profile in a batch job")
UNANSWERED = Scenario("a run that asks in batch jobs", _unanswered_batch, "unhurried")
BATCH = Scenario(
    "the release of a run whose batch job is in progress",
    _release_batch,
    "unhurried",
    check_recovery=_release_batch_again,
)
PROFILE = _run_of("profile", "a run whose base model is invoked through an inference profile")
COMPARED = _run_of("compared", "a run that compares with a model behind an inference profile")
DOCUMENTS = _run_of("documents", "a run whose validation data is generated from documents")
EXPENSIVE = _run_of("expensive", "a run that needs a person's approval")
KEPT = _run_of("kept", "a run that keeps its throughput")
KEPT_ON_DEMAND = _run_of("kept on demand", "a run that keeps its custom model deployment")
NO_RELEASE_SCHEDULE = Scenario(
    "a run keeps its throughput after its release schedule was deleted",
    _keep_without_release_schedule,
    "kept",
    check_recovery=_sweep_again,
)
COMMITTED = Scenario(
    "a run that purchases throughput with a commitment", _commit, "committed", AdminPipeline.sweep_until_released
)
BROKEN = _run_of("large and broken", "a run whose dataset is larger than 8 MiB and has an error near its end")
OWN_SCORER_TRIED = _run_of("own scorer", "a run that tries the deployer's own scorer")
OWN_SCORER = Scenario("a run with the deployer's own scorer", _scored_by_own_scorer, "own scorer")
SCORED = Scenario("a run that is scored with BERTScore", _scored, "scored")
START = Scenario("the start of a run", _start)
ARRIVAL = Scenario("the upload of a dataset", _arrive, "untouched", check_recovery=_arrive_again)
WRONG_NAME = Scenario(
    "the upload of a training file with a wrong name",
    lambda admin: _refused(_misnamed(admin)),
    check_recovery=_misnamed_again,
)
JOB_QUOTA_USED_UP = Scenario("a run in an account whose quota of jobs is used up", _without_job_quota)
PINNED = Scenario("a run whose run.json was written by an earlier attempt", _pinned_before)
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
FIRST = Scenario("the first run with provisioned throughput", _first, prepare=AdminPipeline.delete_endpoint_times)
NO_PRICE_LIST = Scenario(
    "an estimate without cached prices, which reads AWS's price list",
    _estimate_without_price_list,
    prepare=AdminPipeline.delete_cached_prices,
)
NO_PRICE_CACHE = Scenario(
    "an estimate without cached prices, which caches them",
    _estimate_without_cache,
    prepare=AdminPipeline.delete_cached_prices,
)
STACK_DELETION = Scenario(
    "the stack is deleted while throughput exists", _delete_stack, "provisioned", check_recovery=_delete_stack_again
)
ADOPTION = Scenario("a run with the same content as a run that has a job", _adopt, "untouched")
MISSING_JOB = Scenario(
    "a run with the same content as a run that registered a job and did not start it", _adopt_missing_job, "untouched"
)
TRAINING = Scenario(
    "the release of a run whose job is in progress", _release_training, check_recovery=_release_training_again
)
RELEASE_SCHEDULE = Scenario("the release schedule fires", _fire_release_schedule, check_recovery=_sweep_again)
