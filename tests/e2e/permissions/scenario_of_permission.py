"""Which scenario needs each permission, and which permissions the local cloud cannot check."""

from __future__ import annotations

from collections.abc import Mapping

from tests.e2e.permissions import cleanup_scenarios, run_scenarios
from tests.e2e.permissions.policies import BATCHES, CUSTOMIZATION, SCHEDULES, Permission
from tests.e2e.permissions.scenario import Scenario
from tuner.artifacts.batch import BatchJob
from tuner.artifacts.evaluation.judgments import judgments_file
from tuner.core.artifact_keys import Keys

# Permissions that AWS checks and the local cloud does not (docs/local-cloud.md), by the beginning of the action.
NOT_CHECKED_LOCALLY = {
    "logs:": "AWS writes the log with it; the local cloud keeps what functions print in the server's log",
    "xray:": "there are no traces in the local cloud",
    "sqs:SendMessage": "the local cloud stores undelivered events without checking the role's permission",
}
_OUTPUT_READS = (
    Permission(CUSTOMIZATION, "s3:GetObject", "ARTIFACTS/runs/*/training/output/*"),
    Permission(BATCHES, "s3:GetObject", "ARTIFACTS/runs/*/batch/*/output/*"),
)
_OVERDUE = Permission("check_batch", "bedrock:StopModelInvocationJob", "model-invocation-job")
_OUTPUT_REASON = "AWS's documentation asks for it; the local Bedrock writes its output and does not read it"


def unchecked_reason(permission: Permission) -> str | None:
    """Why the local cloud cannot show that the permission is needed; None when it can."""
    if permission in _OUTPUT_READS:
        return _OUTPUT_REASON
    if permission.role == BATCHES and permission.action == "bedrock:InvokeModel":
        return "AWS's documentation asks for it; the local Bedrock asks its models without the job's role"
    if permission == _OVERDUE:
        return "only a job that outlives Bedrock's own limit of a day is stopped with it"
    return next((why for start, why in NOT_CHECKED_LOCALLY.items() if permission.action.startswith(start)), None)


# Reads of artifacts that a plain run does not need, by the step and the name of the artifact.
_SCENARIO_OF_READ: Mapping[tuple[str, str], Scenario] = {
    ("preprocess", "dataset/*"): run_scenarios.FEW_SHOT,
    ("preprocess", "generated/*"): run_scenarios.DOCUMENTS,
    ("estimate_cost", "generated/*"): run_scenarios.DOCUMENTS,
    ("estimate_cost", Keys.PRICES): run_scenarios.CACHED_PRICES,
    ("answer_questions", Keys.INDEX): run_scenarios.BEST,
    ("answer_questions", Keys.REPORT_CARD): run_scenarios.BEST_WITHOUT_INDEX,
    ("score_answers", Keys.REPORT_CARD): run_scenarios.WITHOUT_INDEX,
    ("start_batch", "batch/*"): run_scenarios.written_before("unhurried", Keys.batch("base") + BatchJob.NAME),
    ("check_batch", "scores/verdicts/?????.json"): run_scenarios.written_before("unhurried", judgments_file(0)),
    ("start_customization", Keys.PREFLIGHT): run_scenarios.CANDIDATES,
    ("start_customization", Keys.TRAINING_JOB): run_scenarios.written_before("provisioned", Keys.TRAINING_JOB),
    ("start_customization", Keys.training("*")): run_scenarios.ADOPTION,
    ("check_customization", Keys.PREFLIGHT): run_scenarios.CANDIDATES,
    ("summarize_training", Keys.PREFLIGHT): run_scenarios.CANDIDATES,
    ("summarize_training", f"{Keys.TRAINING_OUTPUT}*"): run_scenarios.WITH_METRICS,
    ("purchase_throughput", Keys.GATE): run_scenarios.COMMITTED,
    ("purchase_throughput", "serving/*"): run_scenarios.written_before("provisioned", Keys.ENDPOINT),
}


def scenario_of(permission: Permission) -> Scenario:
    """The scenario that needs the permission."""
    if permission.action == "s3:GetObject":
        name = permission.on.removeprefix("ARTIFACTS/").removeprefix("runs/*/")
        if special := _SCENARIO_OF_READ.get((permission.role, name)):
            return special
    match permission.role, permission.action, permission.on:
        case ("start_run", action, _) if action.startswith("sqs:"):
            return run_scenarios.ARRIVAL
        case ("start_run", action, on) if action == "sns:Publish" or on.endswith("through sns"):
            return run_scenarios.WRONG_NAME
        case ("start_run", action, _) if action.startswith("dynamodb:"):
            return run_scenarios.MESSAGE
        case ("assign_places", "states:ListExecutions", _):
            return cleanup_scenarios.SWEEP_OF_PLACES
        case "start_run", _, _:
            return run_scenarios.START
        case "close_run", "dynamodb:Query", _:
            return cleanup_scenarios.LEDGER_SWEEP
        case ("close_run", action, _) if action.startswith("dynamodb:"):
            return cleanup_scenarios.ENDED
        case "close_run", _, _:
            return cleanup_scenarios.CLOSE
        case ("pin_inputs", "s3:GetObject", _):
            return run_scenarios.PINNED
        case ("start_customization", "bedrock:ListTagsForResource", _):
            return run_scenarios.ADOPTION
        case ("start_customization", "states:DescribeExecution", _):
            return run_scenarios.MISSING_JOB
        case ("release_throughput", "bedrock:StopModelCustomizationJob", _) | (
            "release_throughput",
            "bedrock:ListTagsForResource",
            "model-customization-job",
        ):
            return cleanup_scenarios.TRAINING
        case ("release_throughput", "s3:PutObject", on) if "/batch/" in on:
            return cleanup_scenarios.BATCH
        case ("release_throughput", _, "model-invocation-job"):
            return cleanup_scenarios.BATCH
        case (role, _, _) if role == BATCHES:
            return run_scenarios.UNANSWERED
        case ("start_batch", _, "inference-profile"):
            return run_scenarios.UNHURRIED_PROFILE
        case ("start_batch" | "check_batch", _, _):
            return run_scenarios.UNHURRIED
        case (_, "lambda:InvokeFunction", "function:tuner-start-batch" | "function:tuner-check-batch"):
            return run_scenarios.UNHURRIED
        case ("release_throughput", "s3:PutObject", on) if on.endswith(Keys.TRAINING_JOB):
            return cleanup_scenarios.TRAINING
        case ("release_throughput", "states:DescribeExecution", _):
            return cleanup_scenarios.SWEEP
        case ("release_throughput", action, on) if action == "sns:Publish" or on.endswith("through sns"):
            return cleanup_scenarios.SWEEP_CANNOT_DELETE
        case ("release_throughput", "bedrock:ListCustomModelDeployments", "*" | "custom-model"):
            return run_scenarios.ON_DEMAND
        case ("release_throughput", action, "*" | "custom-model") if "CustomModel" in action:
            return cleanup_scenarios.MODELS
        case ("release_throughput", "bedrock:ListTagsForResource", "custom-model"):
            return cleanup_scenarios.MODELS
        case ("release_throughput", action, _) if action.startswith("scheduler:"):
            return cleanup_scenarios.SCHEDULED
        case ("release_throughput", "states:ListExecutions", _):
            return cleanup_scenarios.STACK_DELETION
        case ("generate_validation", _, _) | (_, "lambda:InvokeFunction", "function:tuner-generate-validation"):
            return run_scenarios.DOCUMENTS
        case ("request_approval", _, _) | (_, "lambda:InvokeFunction", "function:tuner-request-approval"):
            return run_scenarios.EXPENSIVE
        case ("keep_throughput", "scheduler:CreateSchedule", _):
            return cleanup_scenarios.NO_RELEASE_SCHEDULE
        case ("keep_throughput", _, "custom-model-deployment"):
            return run_scenarios.KEPT_ON_DEMAND
        case ("keep_throughput", _, _) | (_, "lambda:InvokeFunction", "function:tuner-keep-throughput"):
            return run_scenarios.KEPT
        case "estimate_cost", "pricing:GetProducts", _:
            return run_scenarios.NO_PRICE_LIST
        case ("estimate_cost", "s3:PutObject", on) if on.endswith(Keys.PRICES):
            return run_scenarios.NO_PRICE_CACHE
        case ("check_throughput", "s3:PutObject", on) if on.endswith(Keys.ENDPOINT_TIMES):
            return run_scenarios.FIRST
        case ("purchase_throughput", _, on) if on.endswith("commitment.json"):
            return run_scenarios.COMMITTED
        case "preflight", _, "inference-profile":
            return run_scenarios.COMPARED
        case "preflight", "lambda:InvokeFunction", _:
            return run_scenarios.OWN_SCORER_TRIED
        case "score_answers", "lambda:InvokeFunction", _:
            return run_scenarios.OWN_SCORER
        case ("score_answers", _, on) if on.endswith("ENCODER.tar"):
            return run_scenarios.SCORED
        case ("preprocess", "s3:AbortMultipartUpload", _):
            return run_scenarios.BROKEN
        case ("start_customization", "bedrock:ListModelCustomizationJobs", _):
            return run_scenarios.JOB_QUOTA_USED_UP
        case "purchase_throughput", "bedrock:ListTagsForResource", "provisioned-model":
            return run_scenarios.bought_before("provisioned")
        case "purchase_throughput", "bedrock:ListTagsForResource", _:
            return run_scenarios.bought_before("on_demand")
        case "answer_questions", _, "inference-profile":
            return run_scenarios.PROFILE
        case (role, _, _) if role == SCHEDULES:
            return cleanup_scenarios.RELEASE_SCHEDULE
        case (_, action, on) if "CustomModelDeployment" in action or on == "custom-model-deployment":
            return run_scenarios.ON_DEMAND
    return run_scenarios.PROVISIONED
