"""The scenario that needs each permission: usually a run, sometimes an event outside of runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from local.folder import CloudFolder
from tests.e2e.permissions.policies import CUSTOMIZATION, SCHEDULES, Permission
from tests.e2e.permissions.stage import DEPLOYMENT, Stage
from tests.e2e.pipeline import until
from tuner.core.artifact_keys import Keys

# Asked for by AWS and not by the local cloud (docs/local-cloud.md), by the action's beginning.
NOT_ASKED_HERE = {
    "logs:": "AWS writes the log with it; the local cloud keeps what functions print in the server's log",
    "xray:": "there are no traces in the local cloud",
    "sqs:SendMessage": "the local cloud keeps undelivered events without asking the role",
}
_OUTPUT_READ = Permission(CUSTOMIZATION, "s3:GetObject", "ARTIFACTS/runs/*/training/output/*")
_OUTPUT_REASON = "AWS's documentation asks for it; the local Bedrock writes its output and does not read it"


def not_asked_here(permission: Permission) -> str | None:
    """Why the local cloud cannot show that the permission is needed; None when it can."""
    if permission == _OUTPUT_READ:
        return _OUTPUT_REASON
    return next((why for start, why in NOT_ASKED_HERE.items() if permission.action.startswith(start)), None)


@dataclass(frozen=True)
class Failure:
    """What a situation ended with. `run` is the run whose execution it ended, if it was one; `how`: in words."""

    error: str
    message: str
    run: str = ""
    how: str = ""


@dataclass(frozen=True)
class Situation:
    """`words` say what happens, in docs/permission-proof.md. `provoke` makes it happen and returns how it failed.

    Before, `dataset` was run once and `prepare` called; afterwards, when the permission is back, `mend` shows that then
    all is well.
    """

    words: str
    provoke: Callable[[Stage], Failure]
    dataset: str = "provisioned"
    prepare: Callable[[Stage], object] = lambda _: None
    mend: Callable[[Stage], None] = lambda stage: stage.nothing_alive()


def _ended(stage: Stage, run: str) -> Failure:
    ended = stage.pipeline.finished(run)
    assert ended["status"] == "FAILED", f"{run} ended {ended['status']} without the permission"
    return Failure(ended["error"], ended["cause"], run)


def _run_of(dataset: str, words: str) -> Situation:
    return Situation(words, lambda stage: _ended(stage, stage.start(stage.next_run(dataset))), dataset)


def _refused(reply: dict[str, str]) -> Failure:
    assert "errorType" in reply, f"the function returned {reply} without the permission"
    return Failure(reply["errorType"], reply["errorMessage"])


def _start(stage: Stage) -> Failure:
    return _refused(stage.invoke("StartFunctionName", {"dataset": "provisioned", "repeat": 999}))


def _first(stage: Stage) -> Failure:
    """No earlier run's endpoint took exactly as long as this one's, which would leave nothing to write."""
    return _ended(stage, stage.start(stage.next_run("provisioned")))


def _unpriced(stage: Stage) -> Failure:
    """No run fails for want of a price: the estimate says what was denied."""
    reply = stage.invoke(f"{DEPLOYMENT}-estimate-cost", {"run_id": stage.first_run("provisioned")})
    return Failure("", reply["reason"], how="no failure: the estimate says so and uses the packaged prices")


def _unremembered(stage: Stage) -> Failure:
    """Prices that cannot be remembered are asked for again."""
    return Failure("", _unpriced(stage).message, how="no failure: the estimate says so, and the next one asks again")


def _scored(stage: Stage) -> Failure:
    """As in a new execution environment, whose disk does not have the encoder yet."""
    for unpacked in CloudFolder.default().temporary.glob("encoder-*"):
        shutil.rmtree(unpacked)
    return _ended(stage, stage.start(stage.next_run("scored")))


def _busy(stage: Stage) -> Failure:
    with stage.bedrock_settings(concurrent_jobs=0):
        return _ended(stage, stage.start(stage.next_run("provisioned")))


def _bought_before(kind: str) -> Situation:
    def provoke(stage: Stage) -> Failure:
        run = stage.next_run(kind)
        stage.buy(run, kind)
        return _ended(stage, stage.start(run))

    words = f"a run ({kind}) whose endpoint an earlier attempt has made"
    return Situation(words, provoke, kind)


def _pinned_before(stage: Stage) -> Failure:
    run = stage.next_run("provisioned")
    stage.copy(stage.first_run("provisioned"), run, Keys.MANIFEST)
    stage.execute(run)
    return _ended(stage, run)


def _sweep(stage: Stage) -> Failure:
    """The sweep raises nothing for what it cannot release: it tells people, and its log."""
    stage.orphan()
    position = len(stage.log())
    assert not stage.sweep()["released"]
    logged = until(lambda: stage.logged("Not released", position), "what the sweep logs of it", 10)
    return Failure("", logged, how="not released: the log says why, and people are told")


def _alarming_sweep(stage: Stage) -> Failure:
    stage.orphan()
    with stage.bedrock_settings(fail_deletes="Not now."):
        return _refused(stage.sweep())


def _sweep_of_models(stage: Stage) -> Failure:
    stage.old_model()
    with stage.bedrock_settings(models_age_days=2):
        return _refused(stage.sweep())


def _sweep_models_again(stage: Stage) -> None:
    model = stage.old_model()
    with stage.bedrock_settings(models_age_days=2):
        stage.sweep()
    assert model not in stage.models()


def _keep_unarmed(stage: Stage) -> Failure:
    return _refused(stage.invoke(f"{DEPLOYMENT}-keep-throughput", {"run_id": stage.bought("kept")}))


def _commit(stage: Stage) -> Failure:
    failure = _ended(stage, stage.start(stage.next_run("committed")))
    stage.sweep_until_nothing_is_alive()
    return failure


def _farewell(stage: Stage) -> Failure:
    stage.bought("provisioned")
    return Failure("", stage.farewell(), how="the deletion is refused in words")


def _farewell_again(stage: Stage) -> None:
    assert "No paid resource of this deployment exists" in stage.farewell()
    stage.nothing_alive(1)


def _sweep_again(stage: Stage) -> None:
    assert stage.sweep()["released"]
    stage.nothing_alive()


def _stopped(stage: Stage) -> str:
    return f"{stage.first_run('provisioned')}-r998"


def _stop(stage: Stage) -> None:
    """The run has its report before a permission is taken away, so that only `_close` is concerned by it."""
    run = _stopped(stage)
    if not stage.pipeline.artifact(run, Keys.REPORT):
        stage.start(run)
        stage.pipeline.client("stepfunctions").stop_execution(executionArn=stage.pipeline.arn(run))
        stage.pipeline.report(run)


def _closed(stage: Stage) -> dict[str, str]:
    detail = {"executionArn": stage.pipeline.arn(_stopped(stage)), "name": _stopped(stage), "status": "ABORTED"}
    reply: dict[str, str] = stage.invoke(f"{DEPLOYMENT}-close-run", {"detail": detail})
    return reply


def _close(stage: Stage) -> Failure:
    stage.forget(_stopped(stage), "report/")
    return _refused(_closed(stage))


def _close_again(stage: Stage) -> None:
    assert "errorType" not in _closed(stage)
    assert stage.pipeline.report(_stopped(stage))["status"] == "ABORTED"


def _switch(stage: Stage) -> Failure:
    run, position = stage.orphan(), len(stage.log())
    stage.fire_switch(run)
    dropped = until(lambda: stage.undelivered(position), "a schedule that fires", 60)
    assert stage.pipeline.alive()
    return Failure("", dropped, how="not delivered, as the server's log says")


def _adopt(stage: Stage) -> Failure:
    stage.registered_training()
    return _again(stage)


def _adopt_lost(stage: Stage) -> Failure:
    stage.registered_training("tuner-not-there")
    return _again(stage)


def _again(stage: Stage) -> Failure:
    stage.adopts = True
    try:
        return _ended(stage, stage.start(stage.next_run("untouched")))
    finally:
        stage.adopts = False


def _release_training(stage: Stage) -> Failure:
    return _refused(stage.invoke("ReleaseFunctionName", {"run_id": stage.training()}))


def _release_training_again(stage: Stage) -> None:
    stage.stop_jobs()
    run = stage.training()
    assert stage.invoke("ReleaseFunctionName", {"run_id": run})["released"]
    until(lambda: stage.job_status(run) == "Stopped", "a job that is stopped", 30)


_PROVISIONED = _run_of("provisioned", "a run with provisioned throughput")
_ON_DEMAND = _run_of("on_demand", "a run with a custom model deployment")
_PROFILE = _run_of("profile", "a run whose base model is asked through an inference profile")
_DOCUMENTS = _run_of("documents", "a run whose validation data is generated from documents")
_DEAR = _run_of("dear", "a run that needs a person's approval")
_KEPT = _run_of("kept", "a run that keeps its throughput")
_KEPT_ON_DEMAND = _run_of("kept on demand", "a run that keeps its custom model deployment")
_UNARMED = Situation("throughput is kept whose release switch is gone", _keep_unarmed, "kept", mend=_sweep_again)
_COMMITTED = Situation(
    "a run that buys throughput for a term", _commit, "committed", Stage.sweep_until_nothing_is_alive
)
_BROKEN = _run_of("large and broken", "a run whose dataset is larger than 8 MiB and has an error near its end")
_SCORED = Situation("a run that is scored with BERTScore", _scored, "scored")
_START = Situation("the start of a run", _start)
_BUSY = Situation("a run in an account whose quota has no place for jobs", _busy)
_PINNED = Situation("a run whose run.json an earlier attempt has written", _pinned_before)
_SWEEP = Situation("the hourly sweep finds throughput of no run", _sweep, mend=_sweep_again)
_ALARM = Situation("the hourly sweep finds throughput that Bedrock does not delete", _alarming_sweep, mend=_sweep_again)
_MODELS = Situation(
    "the hourly sweep finds a custom model that nothing uses", _sweep_of_models, "untouched", mend=_sweep_models_again
)
_CLOSE = Situation("the end of a run that was stopped before its report", _close, prepare=_stop, mend=_close_again)
_FIRST = Situation("the first run with provisioned throughput", _first, prepare=Stage.forget_endpoint_times)
_UNPRICED = Situation("an estimate whose prices AWS's list has to give", _unpriced, prepare=Stage.forget_prices)
_UNREMEMBERED = Situation("an estimate whose prices nobody asked for today", _unremembered, prepare=Stage.forget_prices)
_FAREWELL = Situation(
    "the stack is to be deleted while throughput is alive", _farewell, "provisioned", mend=_farewell_again
)
_ADOPTION = Situation("a run of content that an earlier run has trained with", _adopt, "untouched")
_UNSTARTED = Situation(
    "a run of content that another run has registered for and whose job is not there", _adopt_lost, "untouched"
)
_TRAINING = Situation("the release of a run whose job is in progress", _release_training, mend=_release_training_again)
_SWITCH = Situation("the release switch fires", _switch, mend=_sweep_again)


def situation_of(permission: Permission) -> Situation:
    """What asks for the permission."""
    match permission.role, permission.action, permission.on:
        case "start_run", _, _:
            return _START
        case "close_run", _, _:
            return _CLOSE
        case ("pin_inputs", "s3:GetObject", _):
            return _PINNED
        case ("start_customization", "bedrock:ListTagsForResource", _):
            return _ADOPTION
        case ("start_customization", "states:DescribeExecution", _):
            return _UNSTARTED
        case ("release_throughput", "bedrock:StopModelCustomizationJob", _) | (
            "release_throughput",
            "bedrock:ListTagsForResource",
            "model-customization-job",
        ):
            return _TRAINING
        case ("release_throughput", "s3:PutObject", on) if on.endswith(Keys.TRAINING_JOB):
            return _TRAINING
        case ("release_throughput", "states:DescribeExecution", _):
            return _SWEEP
        case ("release_throughput", action, on) if action == "sns:Publish" or on.endswith("through sns"):
            return _ALARM
        case ("release_throughput", action, on) if "CustomModel" in action and on in {"*", "custom-model"}:
            return _MODELS if action != "bedrock:ListCustomModelDeployments" else _ON_DEMAND
        case ("release_throughput", "bedrock:ListTagsForResource", "custom-model"):
            return _MODELS
        case ("release_throughput", "states:ListExecutions", _):
            return _FAREWELL
        case ("generate_validation", _, _) | (_, "lambda:InvokeFunction", "function:tuner-generate-validation"):
            return _DOCUMENTS
        case ("request_approval", _, _) | (_, "lambda:InvokeFunction", "function:tuner-request-approval"):
            return _DEAR
        case ("keep_throughput", "scheduler:CreateSchedule", _):
            return _UNARMED
        case ("keep_throughput", _, "custom-model-deployment"):
            return _KEPT_ON_DEMAND
        case ("keep_throughput", _, _) | (_, "lambda:InvokeFunction", "function:tuner-keep-throughput"):
            return _KEPT
        case "estimate_cost", "pricing:GetProducts", _:
            return _UNPRICED
        case ("estimate_cost", "s3:PutObject", on) if on.endswith(Keys.PRICES):
            return _UNREMEMBERED
        case ("check_throughput", "s3:PutObject", on) if on.endswith(Keys.ENDPOINT_TIMES):
            return _FIRST
        case ("purchase_throughput", _, on) if on.endswith("commitment.json"):
            return _COMMITTED
        case ("score_answers", _, on) if on.endswith("ENCODER.tar"):
            return _SCORED
        case ("preprocess", "s3:AbortMultipartUpload", _):
            return _BROKEN
        case ("start_customization", "bedrock:ListModelCustomizationJobs", _):
            return _BUSY
        case "purchase_throughput", "bedrock:ListTagsForResource", "provisioned-model":
            return _bought_before("provisioned")
        case "purchase_throughput", "bedrock:ListTagsForResource", _:
            return _bought_before("on_demand")
        case "answer_questions", _, "inference-profile":
            return _PROFILE
        case (role, _, _) if role == SCHEDULES:
            return _SWITCH
        case (_, action, on) if "CustomModelDeployment" in action or on == "custom-model-deployment":
            return _ON_DEMAND
    return _PROVISIONED
