"""The Lambda functions as data: limits, environment variables and grants. One row per module of lambdas/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stacks.permissions import Arns, Grant, batch, bedrock, network, s3, services
from tuner.artifacts.batch import INPUT, BatchJob
from tuner.artifacts.costs.token_reservation import Reservation, batch_payer
from tuner.artifacts.evaluation.judgments import judgments_file
from tuner.core.artifact_keys import Keys

Capability = Callable[[Arns], list[Grant]]


def writes(*names: str) -> Capability:
    """Grants writing these artifacts of a run."""
    return lambda arns: s3.write_run(arns, *names)


def reads(*names: str) -> Capability:
    """Grants reading these artifacts of runs, and those that all runs share (`runs/...`)."""
    return lambda arns: s3.read_run(arns, *names)


@dataclass(frozen=True)
class Step:
    """One function.

    `minutes` and `memory` (MiB) are its limits. `environment` lists the environment variables that it needs in addition
    to those of every function. Events invoke `asynchronous` functions: an event that fails after all retries goes to
    the dead-letter queue.
    """

    name: str
    minutes: int
    memory: int
    grants: tuple[Capability, ...]
    environment: tuple[str, ...] = ()
    asynchronous: bool = False

    def all_grants(self, arns: Arns) -> list[Grant]:
        """All grants of the function's role, including those that every function has."""
        base = [*services.write_logs(arns, self.name), *network.function_network(arns)]
        failed = services.dead_letter_events(arns) if self.asynchronous else []
        return [*base, *failed, *(grant for capability in self.grants for grant in capability(arns))]


# The function reads every byte of a dataset for the id of the run.
START_MINUTES = 5

_FINDS = s3.find_in_run
_BATCH_JOBS = Keys.batch("*") + BatchJob.NAME
_BATCH_TOKENS = Reservation.folder(batch_payer("*")) + "*"
# In a policy, `*` stands for any characters, `/` included, and `?` for one: without reserved/, where the meter of the
# judge's calls is.
_JUDGMENTS = judgments_file(0).replace("00000", "?????")
# Without answers/reserved/: its files end in .json.
_ANSWERS = "answers/*.jsonl"
_DATASET, _GENERATED, _SCORES = "dataset/*", "generated/*", "scores/*"
# What the earlier runs of a dataset came to: the index of all runs, and the summaries of those that it lacks.
_EARLIER_RUNS = (Keys.INDEX, Keys.REPORT_CARD)
# A release must find whatever any run recorded, of any version: a read that it lacks would leave an endpoint alive.
# The report has something of nearly every artifact, and is written whatever else is broken.
_READS_ALL = s3.read_run
_RELEASES = (
    _READS_ALL,
    _FINDS,
    writes(Keys.ENDPOINT, Keys.TRAINING_JOB, _BATCH_JOBS),
    bedrock.find_endpoints,
    bedrock.describe_endpoints,
    bedrock.delete_endpoints,
    bedrock.list_jobs,
    bedrock.describe_jobs,
    bedrock.stop_jobs,
    batch.list_batches,
    batch.describe_batches,
    batch.stop_batches,
)
_REPORT = (Keys.REPORT, Keys.REPORT_PAGE, Keys.REPORT_CARD)

STEPS = (
    Step(
        "start_run",
        minutes=START_MINUTES,
        memory=512,
        grants=(
            services.receive_arrivals,
            s3.list_datasets,
            s3.read_arrivals,
            _FINDS,
            services.start_executions,
            services.limit_reads,
            services.publish_notifications,
        ),
        environment=("STATE_MACHINE_ARN", "STATE_TABLE", "TOPIC_ARN"),
        asynchronous=True,
    ),
    Step(
        "assign_places",
        minutes=4,
        memory=512,
        grants=(services.queue_for_places, services.describe_executions, services.list_executions),
        environment=("STATE_MACHINE_ARN", "STATE_TABLE"),
        asynchronous=True,
    ),
    Step(
        "pin_inputs",
        minutes=4,
        memory=512,
        grants=(
            s3.list_datasets,
            s3.read_pinned,
            reads(Keys.MANIFEST),
            _FINDS,
            writes(Keys.MANIFEST),
            bedrock.describe_models,
        ),
    ),
    Step(
        "preflight",
        minutes=4,
        memory=512,
        grants=(
            reads(Keys.MANIFEST),
            _FINDS,
            writes(Keys.PREFLIGHT),
            bedrock.describe_models,
            bedrock.read_quotas,
            bedrock.invoke_judges,
            bedrock.invoke_compared,
            bedrock.describe_subscriptions,
            services.invoke_scorers,
            services.reserve_in_ledger,
        ),
        environment=("STATE_TABLE",),
    ),
    Step(
        "generate_validation",
        minutes=15,
        memory=2048,
        grants=(
            s3.read_pinned,
            reads(Keys.MANIFEST, Keys.ESTIMATE, _GENERATED),
            _FINDS,
            writes(_GENERATED),
            bedrock.invoke_judges,
        ),
    ),
    Step(
        "preprocess",
        minutes=15,
        memory=1769,
        grants=(s3.read_pinned, reads(Keys.MANIFEST, _GENERATED, _DATASET), s3.write_dataset),
    ),
    Step("validate", minutes=4, memory=512, grants=(reads(Keys.FINDINGS),)),
    Step(
        "estimate_cost",
        minutes=4,
        memory=512,
        grants=(
            reads(Keys.MANIFEST, Keys.PREFLIGHT, _GENERATED, _DATASET, Keys.PRICES),
            _FINDS,
            s3.list_datasets,
            writes(Keys.ESTIMATE),
            s3.write_prices,
            services.read_prices,
            services.keep_ledger,
        ),
        environment=("STATE_TABLE",),
    ),
    Step(
        "request_approval",
        minutes=4,
        memory=512,
        grants=(
            reads(Keys.ESTIMATE),
            writes(Keys.APPROVAL),
            services.publish_notifications,
            services.describe_executions,
        ),
        environment=("TOPIC_ARN", "STATE_MACHINE_ARN"),
    ),
    # 1,769 MB is one full vCPU. Hundreds of requests per second are signed and parsed while the throughput is paid for.
    Step(
        "answer_questions",
        minutes=15,
        memory=1769,
        grants=(
            reads(
                Keys.MANIFEST,
                Keys.ESTIMATE,
                Keys.TRAINING_SUMMARY,
                Keys.ENDPOINT,
                _DATASET,
                "answers/*",
                *_EARLIER_RUNS,
            ),
            _FINDS,
            writes("answers/*"),
            bedrock.invoke_models,
        ),
    ),
    Step(
        "start_batch",
        minutes=15,
        memory=1769,  # it has the whole input of a job in memory
        grants=(
            reads(Keys.MANIFEST, Keys.PREFLIGHT, Keys.ESTIMATE, _DATASET, _ANSWERS, Keys.BATCH + "*"),
            _FINDS,
            writes(_BATCH_JOBS, _BATCH_TOKENS, Keys.batch("*") + INPUT),
            batch.start_batches,
        ),
        environment=("BATCH_ROLE_ARN",),
    ),
    Step(
        "check_batch",
        minutes=15,
        memory=1769,
        grants=(
            reads(Keys.MANIFEST, Keys.ESTIMATE, _DATASET, _ANSWERS, _JUDGMENTS, Keys.BATCH + "*"),
            _FINDS,
            writes(_BATCH_JOBS, _BATCH_TOKENS, _ANSWERS, _JUDGMENTS),
            batch.describe_batches,
            batch.stop_batches,
        ),
    ),
    Step(
        "start_customization",
        minutes=4,
        memory=512,
        grants=(
            reads(Keys.MANIFEST, Keys.PREFLIGHT, _DATASET, Keys.TRAINING_JOB, Keys.training("*")),
            _FINDS,
            writes(Keys.TRAINING_JOB),
            s3.write_trainings,
            bedrock.describe_jobs,
            bedrock.count_jobs,
            bedrock.start_jobs,
            bedrock.read_model_tags,
            services.describe_executions,
        ),
        environment=("CUSTOMIZATION_ROLE_ARN", "STATE_MACHINE_ARN"),
    ),
    Step(
        "check_customization",
        minutes=4,
        memory=512,
        grants=(reads(Keys.MANIFEST, Keys.PREFLIGHT, Keys.TRAINING_JOB), _FINDS, bedrock.describe_jobs),
    ),
    Step(
        "summarize_training",
        minutes=4,
        memory=512,
        grants=(
            reads(Keys.MANIFEST, Keys.PREFLIGHT, Keys.DATASET_SUMMARY, Keys.TRAINING_JOB, Keys.TRAINING_OUTPUT + "*"),
            _FINDS,
            writes(Keys.TRAINING_SUMMARY),
            bedrock.describe_jobs,
        ),
    ),
    Step(
        "arm_release",
        minutes=4,
        memory=512,
        grants=(services.create_schedules,),
        environment=("RELEASE_FUNCTION_ARN", "SCHEDULER_ROLE_ARN", "SCHEDULE_GROUP"),
    ),
    Step(
        "purchase_throughput",
        minutes=4,
        memory=512,
        grants=(
            reads(Keys.MANIFEST, Keys.TRAINING_SUMMARY, Keys.GATE, "serving/*", Keys.ENDPOINT_TIMES),
            _FINDS,
            writes(Keys.ENDPOINT, Keys.COMMITMENT),
            bedrock.create_endpoints,
            bedrock.find_endpoints,
        ),
    ),
    Step(
        "check_throughput",
        minutes=4,
        memory=512,
        grants=(
            reads(Keys.MANIFEST, Keys.TRAINING_SUMMARY, Keys.ENDPOINT, Keys.ENDPOINT_TIMES),
            _FINDS,
            writes(Keys.ENDPOINT),
            s3.write_endpoint_times,
            bedrock.describe_endpoints,
        ),
    ),
    Step(
        "keep_throughput",
        minutes=4,
        memory=512,
        grants=(
            reads(Keys.MANIFEST, Keys.ENDPOINT),
            _FINDS,
            writes(Keys.ENDPOINT),
            bedrock.describe_endpoints,
            bedrock.tag_endpoints,
            services.create_schedules,
            services.update_schedules,
        ),
        environment=("RELEASE_FUNCTION_ARN", "SCHEDULER_ROLE_ARN", "SCHEDULE_GROUP"),
    ),
    Step(
        "release_throughput",
        minutes=4,
        memory=512,
        # All release mechanisms call this function, and its sweep also deletes old models: it has the most grants.
        grants=(
            *_RELEASES,
            bedrock.delete_models,
            services.describe_executions,
            services.list_executions,
            services.delete_schedules,
            services.publish_notifications,
        ),
        environment=("STATE_MACHINE_ARN", "SCHEDULE_GROUP", "TOPIC_ARN"),
        asynchronous=True,
    ),
    Step(
        "score_answers",
        minutes=15,
        memory=1024,  # more for an encoder that is larger than the packaged one
        grants=(
            reads(Keys.MANIFEST, Keys.ESTIMATE, _DATASET, _ANSWERS, _SCORES, *_EARLIER_RUNS),
            _FINDS,
            # Without scores/gate.json: what buying a commitment trusts is written by the gate alone.
            writes("scores/shards/*", "scores/verdicts/*", "scores/review.csv", Keys.SCORES),
            s3.read_encoder,
            bedrock.invoke_judges,
            services.invoke_scorers,
        ),
        environment=("ENCODER_BUCKET", "ENCODER_KEY", "ENCODER_SHA256"),
    ),
    Step(
        "apply_gate",
        minutes=4,
        memory=512,
        grants=(
            reads(Keys.MANIFEST, Keys.TRAINING_JOB, Keys.TRAINING_SUMMARY, _SCORES, Keys.training("*")),
            _FINDS,
            writes(Keys.GATE),
            bedrock.tag_models,
            services.publish_decisions,
        ),
    ),
    Step(
        "write_report",
        minutes=4,
        memory=1024,
        grants=(_READS_ALL, _FINDS, writes(*_REPORT), s3.write_overview, services.describe_executions),
        environment=("STATE_MACHINE_ARN",),
    ),
    Step(
        "notify",
        minutes=4,
        memory=512,
        grants=(reads("report/*.json"), _FINDS, writes(Keys.NOTIFIED), services.publish_notifications),
        environment=("TOPIC_ARN",),
    ),
    Step(
        "close_run",
        minutes=4,
        memory=1024,
        grants=(
            _READS_ALL,
            _FINDS,
            writes(*_REPORT, Keys.NOTIFIED),
            s3.write_overview,
            services.describe_executions,
            services.keep_ledger,
            services.publish_notifications,
        ),
        environment=("STATE_MACHINE_ARN", "STATE_TABLE", "TOPIC_ARN"),
        asynchronous=True,
    ),
)
