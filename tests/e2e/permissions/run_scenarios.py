"""Uploads, estimates and runs that need a permission."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

from local.folder import CloudFolder
from tests.e2e.permissions.admin_pipeline import DEPLOYMENT, AdminPipeline
from tests.e2e.permissions.scenario import Failure, Scenario, failed_run, refusal
from tests.e2e.pipeline import small_dataset, until
from tuner.artifacts.batch import BatchJob
from tuner.core.artifact_keys import Keys
from tuner.core.times import iso, now
from tuner.training.metrics_files import TRAINING_SUFFIX


def _run_of(dataset: str, description: str) -> Scenario:
    return Scenario(description, lambda admin: failed_run(admin, admin.start(admin.next_run(dataset))), dataset)


def _start(admin: AdminPipeline) -> Failure:
    return refusal(admin.invoke("StartFunctionName", {"dataset": "provisioned", "repeat": 999}))


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


def _uploaded(admin: AdminPipeline, name: str) -> dict[str, str]:
    """The function with the message of the upload of a file, as the queue delivers it."""
    admin.uploads += 1
    key, bucket = f"incoming/message-{admin.uploads}/{name}", admin.pipeline.outputs["DataBucketName"]
    admin.pipeline.client("s3").put_object(Bucket=bucket, Key=key, Body=b"{}")
    event = {"time": iso(now()), "detail": {"bucket": {"name": bucket}, "object": {"key": key}}}
    reply: dict[str, str] = admin.invoke("StartFunctionName", {"Records": [{"body": json.dumps(event)}]})
    return reply


def _misnamed_again(admin: AdminPipeline) -> None:
    assert "Rename train.jsonl to training.jsonl." in _uploaded(admin, "train.jsonl")["reason"]


def _uploaded_again(admin: AdminPipeline) -> None:
    """The dataset has no records: its run ends before it costs anything."""
    assert admin.pipeline.finished(_uploaded(admin, "training.jsonl")["run_id"])["error"] == "DatasetError"


def _estimate_with_cache(admin: AdminPipeline) -> Failure:
    """Cached prices that cannot be read are asked for again."""
    message = _estimate_without_price_list(admin).message
    return Failure("", message, how="no failure: the estimate says so and asks AWS's price list")


def _with_metrics(admin: AdminPipeline) -> Failure:
    """The local Bedrock without training writes no metrics."""
    run = admin.next_run("provisioned")
    admin.delete_training_index()
    admin.write(
        run, f"{Keys.TRAINING_OUTPUT}{run}/{TRAINING_SUFFIX}", "step_number,epoch_number,training_loss\n0,0,1\n"
    )
    admin.execute(run)
    return failed_run(admin, run)


def _first(admin: AdminPipeline) -> Failure:
    """The first run with an endpoint. A later one writes nothing if its endpoint took as long as an earlier one."""
    return failed_run(admin, admin.start(admin.next_run("provisioned")))


def _estimate_without_price_list(admin: AdminPipeline) -> Failure:
    """A missing price fails no run. The reason in the estimate names the denied action."""
    run = admin.next_run("provisioned")  # not the first run itself: it has its report, so it is not estimated again
    for artifact in (Keys.MANIFEST, Keys.PREFLIGHT, Keys.DATASET_SUMMARY, Keys.EVALUATION):
        admin.copy(admin.first_run("provisioned"), run, artifact)
    reply = admin.invoke(f"{DEPLOYMENT}-estimate-cost", {"run_id": run})
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
    return failed_run(admin, admin.start(admin.next_run("scored")))


def _scored_by_own_scorer(admin: AdminPipeline) -> Failure:
    """Missing scores fail no run. The reason in the report names the denied action."""
    run = admin.start(admin.next_run("own scorer"))
    ended = admin.pipeline.finished(run)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    [warning] = [text for text in admin.pipeline.report(run)["scoring"]["warnings"] if "no usable score" in text]
    return Failure("", warning, how="no failure: the scores are missing, and the report says why")


def _without_job_quota(admin: AdminPipeline) -> Failure:
    with admin.bedrock_settings(concurrent_jobs=0):
        return failed_run(admin, admin.start(admin.next_run("provisioned")))


def bought_before(kind: str) -> Scenario:
    def run_without_permission(admin: AdminPipeline) -> Failure:
        run = admin.next_run(kind)
        admin.create_endpoint(run, kind)
        return failed_run(admin, admin.start(run))

    description = f"a run ({kind}) whose endpoint was created by an earlier attempt"
    return Scenario(description, run_without_permission, kind)


def written_before(dataset: str, artifact: str) -> Scenario:
    """A run that finds an artifact of an earlier attempt of it: that of the first run of the dataset."""

    def run_without_permission(admin: AdminPipeline) -> Failure:
        run = admin.next_run(dataset)
        if not admin.may_adopt_jobs:
            admin.delete_training_index()
        admin.copy(admin.first_run(dataset), run, artifact)
        admin.execute(run)
        return failed_run(admin, run)

    return Scenario(f"a run whose {artifact} was written by an earlier attempt", run_without_permission, dataset)


def _commit(admin: AdminPipeline) -> Failure:
    failure = failed_run(admin, admin.start(admin.next_run("committed")))
    admin.sweep_until_released()
    return failure


def _adopt(admin: AdminPipeline) -> Failure:
    admin.register_training()
    return _run_same_content(admin)


def _adopt_missing_job(admin: AdminPipeline) -> Failure:
    admin.register_training("tuner-not-there")
    return _run_same_content(admin)


def _run_same_content(admin: AdminPipeline) -> Failure:
    admin.may_adopt_jobs = True
    try:
        return failed_run(admin, admin.start(admin.next_run("untouched")))
    finally:
        admin.may_adopt_jobs = False


def _unanswered_batch(admin: AdminPipeline) -> Failure:
    """A batch job that fails ends no run. Its record names the denied action."""
    run = admin.start(admin.next_run("unhurried"))
    ended = admin.pipeline.finished(run)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    record = BatchJob.model_validate_json(admin.pipeline.artifact(run, Keys.batch("base") + BatchJob.NAME) or b"")
    how = "no failure: the questions are asked by calls, and the record of the job says why"
    return Failure("", str(record.problem), how=how)


PROVISIONED = _run_of("provisioned", "a run with provisioned throughput")
ON_DEMAND = _run_of("on_demand", "a run with a custom model deployment")
UNHURRIED = _run_of("unhurried", "a run that asks in batch jobs")
UNHURRIED_PROFILE = _run_of("unhurried profile", "a run that asks through an inference profile in a batch job")
UNANSWERED = Scenario("a run that asks in batch jobs", _unanswered_batch, "unhurried")
PROFILE = _run_of("profile", "a run whose base model is invoked through an inference profile")
COMPARED = _run_of("compared", "a run that compares with a model behind an inference profile")
DOCUMENTS = _run_of("documents", "a run whose validation data is generated from documents")
EXPENSIVE = _run_of("expensive", "a run that needs a person's approval")
KEPT = _run_of("kept", "a run that keeps its throughput")
KEPT_ON_DEMAND = _run_of("kept on demand", "a run that keeps its custom model deployment")
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
    lambda admin: refusal(_uploaded(admin, "train.jsonl")),
    check_recovery=_misnamed_again,
)
MESSAGE = Scenario(
    "the message of the upload of a training file",
    lambda admin: refusal(_uploaded(admin, "training.jsonl")),
    check_recovery=_uploaded_again,
)
JOB_QUOTA_USED_UP = Scenario("a run in an account whose quota of jobs is used up", _without_job_quota)
PINNED = written_before("provisioned", Keys.MANIFEST)
WITH_METRICS = Scenario("a run whose job wrote its losses", _with_metrics)
FEW_SHOT = _run_of("few shot", "a run that compares with examples in the prompt")
CANDIDATES = _run_of("candidates", "a run with candidates")
BEST = _run_of("best", "a run that compares with the best earlier run")
BEST_WITHOUT_INDEX = replace(
    BEST,
    description="a run that compares with the best earlier run, without the index of all runs",
    prepare=AdminPipeline.delete_index_of_runs,
)
WITHOUT_INDEX = replace(
    PROVISIONED,
    description="a run with provisioned throughput, without the index of all runs",
    prepare=AdminPipeline.delete_index_of_runs,
)
CACHED_PRICES = Scenario("an estimate with cached prices", _estimate_with_cache)
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
ADOPTION = Scenario("a run with the same content as a run that has a job", _adopt, "untouched")
MISSING_JOB = Scenario(
    "a run with the same content as a run that registered a job and did not start it", _adopt_missing_job, "untouched"
)
