"""Code shared by all Lambda functions: typed events and environment, logs, traces and metrics."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeAlias, TypeVar, cast

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.parser import parse
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field, Json
from pydantic_settings import BaseSettings

from tuner.aws.s3.run_folder import RunFolder
from tuner.core.cloudwatch_metrics import RUNS
from tuner.core.errors import TunerError
from tuner.core.strict_model import FrozenModel, JsonObject, StrictModel
from tuner.core.text_sanitizer import json_escaped, without_links
from tuner.costs.meter import refuse_closed_run
from tuner.settings import DeploymentSettings

# Most invocations emit no metric of their own: that is not an error.
warnings.filterwarnings("ignore", "No application metrics to publish")


def _log_line(entry: JsonObject) -> str:
    """The JSON of a log entry, in one line. Foreign text in it has no marks that hide or reorder what is read."""
    return json_escaped(json.dumps(entry, default=str, ensure_ascii=False, separators=(",", ":")))


logger = Logger(json_serializer=_log_line)
tracer = Tracer()
metrics = Metrics()


class Environment(BaseSettings):
    """A function's environment variables. Variables that a function does not have are empty."""

    model_config = {"frozen": True, "extra": "ignore"}

    deployment: Json[DeploymentSettings]
    data_bucket: str
    artifacts_bucket: str
    state_machine_arn: str = ""
    state_table: str = ""
    customization_role_arn: str = ""
    batch_role_arn: str = ""
    topic_arn: str = ""
    release_function_arn: str = ""
    scheduler_role_arn: str = ""
    schedule_group: str = ""
    encoder_bucket: str = ""
    encoder_key: str = ""
    encoder_sha256: str = ""

    def folder(self, run_id: str) -> RunFolder:
        """The run's folder."""
        return RunFolder(self.artifacts_bucket, run_id)

    def open_folder(self, run_id: str) -> RunFolder:
        """The run's folder, for a step that pays or lets others pay.

        Raises SpendingLimitError when the run has its report: somebody redrove its execution.
        """
        folder = self.folder(run_id)
        refuse_closed_run(folder)
        return folder


class RunEvent(StrictModel):
    """The event of a step: the run that it works for."""

    run_id: str = Field(pattern=r"^[a-z0-9-]{1,63}$")


class StepResult(FrozenModel):
    """What a step returns to the state machine: a small JSON object of the members that it sets.

    Step Functions keeps the results of all states in the execution's history.
    """


def count_run(values: Mapping[str, float]) -> None:
    """Emits the metrics of a run that has ended, with a dimension of their own."""
    # A separate object, because `metrics` has the dimension of the function, and runs are counted across functions.
    counted = EphemeralMetrics(service=RUNS)
    for name, value in values.items():
        counted.add_metric(name, MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count, value)
    counted.flush_metrics()


E = TypeVar("E", bound=BaseModel)
Step = Callable[[E, Environment], StepResult | None]
# Lambda's runtime passes and takes JSON objects: `step` parses one into a model, and converts a model into one.
Handler: TypeAlias = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def step(event_model: type[E]) -> Callable[[Step[E]], Handler]:
    """Makes a Lambda handler from a function that takes the parsed event and the environment.

    An error is logged once, with the run's id, and raised again: the state machine matches the name of its class.
    """

    def decorate(function: Step[E]) -> Handler:
        @logger.inject_lambda_context(clear_state=True)
        @tracer.capture_lambda_handler(capture_response=False)
        @metrics.log_metrics(raise_on_empty_metrics=False)
        @wraps(function)
        def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            parsed = parse(event=event, model=event_model)
            run_id = getattr(parsed, "run_id", None)
            if run_id:
                logger.append_keys(run_id=run_id)
                tracer.put_annotation("run_id", run_id)
            try:
                result = function(parsed, Environment())
            except Exception as error:
                metrics.add_metric(type(error).__name__, MetricUnit.Count, 1)
                logger.exception("The step failed")
                if isinstance(error, TunerError):
                    # The message becomes the cause of the execution, and it quotes foreign text.
                    error.args = (without_links(str(error)),)
                raise
            return result.model_dump(mode="json", exclude_unset=True) if result else {}

        return cast("Handler", handler)

    return decorate
