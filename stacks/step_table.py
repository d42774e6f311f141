"""The Lambda functions as data: what each needs to run, and what it may do. A row per module of lambdas/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stacks.permissions import Grant, Places, bedrock, network, objects, services
from tuner.core.artifact_keys import Keys

Capability = Callable[[Places], list[Grant]]


def writes(*names: str) -> Capability:
    """May write these artifacts of a run."""
    return lambda places: objects.write_run(places, *names)


@dataclass(frozen=True)
class Step:
    """One function. `minutes` and `memory` (MiB) are its limits; `told` the further environment variables it needs;
    `asynchronous` ones are called by events: what fails there is retried and then kept in a queue."""

    name: str
    minutes: int
    memory: int
    may: tuple[Capability, ...]
    told: tuple[str, ...] = ()
    asynchronous: bool = False

    def grants(self, places: Places) -> list[Grant]:
        """Everything its role may do."""
        base = [*services.write_logs(places, self.name), *network.of_functions(places)]
        kept = services.give_up(places) if self.asynchronous else []
        return [*base, *kept, *(grant for capability in self.may for grant in capability(places))]


_READS = objects.read_run
_FINDS = objects.find_in_run
_RELEASES = (
    _READS,
    _FINDS,
    writes(Keys.ENDPOINT, Keys.TRAINING_JOB),
    bedrock.find_endpoints,
    bedrock.watch_endpoints,
    bedrock.delete_endpoints,
    bedrock.list_jobs,
    bedrock.watch_jobs,
    bedrock.stop_jobs,
)
_REPORTS = (_READS, _FINDS, writes("report/*"), objects.write_overview)

STEPS = (
    Step(
        "start_run",
        minutes=15,
        memory=512,
        may=(objects.list_datasets, objects.read_arrivals, _FINDS, services.start_executions),
        told=("STATE_MACHINE_ARN",),
        asynchronous=True,
    ),
    Step(
        "pin_inputs",
        minutes=4,
        memory=512,
        may=(objects.read_pinned, _READS, _FINDS, writes(Keys.MANIFEST), bedrock.look_models_up),
    ),
    Step(
        "preflight",
        minutes=4,
        memory=512,
        may=(
            _READS,
            writes(Keys.PREFLIGHT),
            bedrock.look_models_up,
            bedrock.read_quotas,
            bedrock.ask_judges,
            bedrock.look_subscriptions_up,
        ),
    ),
    Step(
        "generate_validation",
        minutes=15,
        memory=2048,
        may=(objects.read_pinned, _READS, _FINDS, writes("generated/*"), bedrock.ask_judges),
    ),
    Step("preprocess", minutes=15, memory=1769, may=(objects.read_pinned, _READS, objects.write_dataset)),
    Step("validate", minutes=4, memory=512, may=(_READS,)),
    Step(
        "estimate_cost",
        minutes=4,
        memory=512,
        may=(_READS, _FINDS, writes(Keys.ESTIMATE), objects.write_prices, services.ask_prices),
    ),
    Step(
        "request_approval",
        minutes=4,
        memory=512,
        may=(_READS, writes(Keys.APPROVAL), objects.publish, services.look_executions_up),
        told=("TOPIC_ARN", "STATE_MACHINE_ARN"),
    ),
    # A whole processor: hundreds of calls a second are signed and read while the throughput is paid for.
    Step("answer_questions", minutes=15, memory=1769, may=(_READS, _FINDS, writes("answers/*"), bedrock.ask_models)),
    Step(
        "start_customization",
        minutes=4,
        memory=512,
        may=(
            _READS,
            _FINDS,
            writes(Keys.TRAINING_JOB),
            objects.write_trainings,
            bedrock.watch_jobs,
            bedrock.count_jobs,
            bedrock.start_jobs,
            bedrock.see_models,
            services.look_executions_up,
        ),
        told=("CUSTOMIZATION_ROLE_ARN", "STATE_MACHINE_ARN"),
    ),
    Step("check_customization", minutes=4, memory=512, may=(_READS, _FINDS, bedrock.watch_jobs)),
    Step(
        "summarize_training",
        minutes=4,
        memory=512,
        may=(_READS, _FINDS, writes(Keys.TRAINING_SUMMARY), bedrock.watch_jobs),
    ),
    Step(
        "arm_release",
        minutes=4,
        memory=512,
        may=(services.arm_schedules,),
        told=("RELEASE_FUNCTION_ARN", "SCHEDULER_ROLE_ARN", "SCHEDULE_GROUP"),
    ),
    Step(
        "purchase_throughput",
        minutes=4,
        memory=512,
        may=(
            _READS,
            _FINDS,
            writes(Keys.ENDPOINT, Keys.COMMITMENT),
            bedrock.purchase_endpoints,
            bedrock.find_endpoints,
        ),
    ),
    Step(
        "check_throughput",
        minutes=4,
        memory=512,
        may=(_READS, _FINDS, writes(Keys.ENDPOINT), objects.write_endpoint_times, bedrock.watch_endpoints),
    ),
    Step(
        "keep_throughput",
        minutes=4,
        memory=512,
        may=(
            _READS,
            writes(Keys.ENDPOINT),
            bedrock.watch_endpoints,
            bedrock.mark_endpoints,
            services.arm_schedules,
            services.rearm_schedules,
        ),
        told=("RELEASE_FUNCTION_ARN", "SCHEDULER_ROLE_ARN", "SCHEDULE_GROUP"),
    ),
    Step(
        "release_throughput",
        minutes=4,
        memory=512,
        may=(
            *_RELEASES,
            bedrock.delete_models,
            services.look_executions_up,
            services.list_executions,
            services.disarm_schedules,
            objects.publish,
        ),
        told=("STATE_MACHINE_ARN", "SCHEDULE_GROUP", "TOPIC_ARN"),
        asynchronous=True,
    ),
    Step(
        "score_answers",
        minutes=15,
        memory=1024,  # a larger encoder than the packaged one gets more
        may=(_READS, _FINDS, writes("scores/*"), objects.read_encoder, bedrock.ask_judges),
        told=("ENCODER_BUCKET", "ENCODER_KEY", "ENCODER_SHA256"),
    ),
    Step(
        "apply_gate",
        minutes=4,
        memory=512,
        may=(_READS, _FINDS, writes(Keys.GATE), bedrock.mark_models, services.tell_decisions),
    ),
    Step(
        "write_report",
        minutes=4,
        memory=1024,
        may=(*_REPORTS, services.look_executions_up),
        told=("STATE_MACHINE_ARN",),
    ),
    Step(
        "notify",
        minutes=4,
        memory=512,
        may=(_READS, _FINDS, writes(Keys.NOTIFIED), objects.publish),
        told=("TOPIC_ARN",),
    ),
    Step(
        "close_run",
        minutes=4,
        memory=1024,
        may=(*_REPORTS, services.look_executions_up, objects.publish),
        told=("STATE_MACHINE_ARN", "TOPIC_ARN"),
        asynchronous=True,
    ),
)
