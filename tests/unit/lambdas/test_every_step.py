"""What holds for every step: foreign text in causes and log lines, and what happens after a run has its report."""

import io
import json
import re
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lambdas import purchase_throughput, release_throughput
from lambdas.step import Environment, RunEvent, logger, step
from stacks.function_table import STEPS
from stacks.permissions.permissions_page import example_arns
from tests.doubles import CUSTOM_MODEL, RUN, FakeEndpoints, FakeJobs, write_json
from tests.unit.lambdas.steps import invoke
from tests.unit.reporting.test_foreign_text import POISONS
from tuner.artifacts.serving import EndpointRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import SettingsError, SpendingLimitError

# What costs money, or makes something that costs money exist for longer.
PAID = {
    "bedrock:InvokeModel",
    "bedrock:CreateModelInvocationJob",
    "bedrock:CreateModelCustomizationJob",
    "bedrock:CreateProvisionedModelThroughput",
    "bedrock:CreateCustomModelDeployment",
    "lambda:InvokeFunction",
    "scheduler:UpdateSchedule",
}
PAYING = [
    each.name
    for each in STEPS
    if PAID & {action for grant in each.all_grants(example_arns()) for action in grant.actions}
]
EVENTS: dict[str, dict[str, Any]] = {"answer_questions": {"model": "base", "shards": [0]}}


def raising(message: str) -> Any:
    @step(RunEvent)
    def handler(event: RunEvent, env: Environment) -> None:
        raise SettingsError(message)

    return cast("Any", SimpleNamespace(handler=handler))


@pytest.mark.usefixtures("environment")
def test_foreign_text_in_a_cause_has_no_link_mention_or_mark() -> None:
    with pytest.raises(SettingsError) as raised:
        invoke(raising("run.yaml: unknown key 'see https://evil.com @all \u202e'"), run_id=RUN)
    assert str(raised.value) == "run.yaml: unknown key 'see https[:]//evil[.]com [@]all \ufffd'"


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("poison", POISONS, ids=range(len(POISONS)))
def test_foreign_text_in_a_log_line_makes_no_other_line_no_other_member_and_no_mark(
    poison: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudWatch makes an event of each line, and its queries find the members of a line by their names."""

    def logged(text: str) -> list[dict[str, Any]]:
        stream = io.StringIO()
        monkeypatch.setattr(logger.registered_handler, "stream", stream)
        with pytest.raises(SettingsError):
            invoke(raising(text), run_id=RUN)
        logger.warning(text)
        logger.error("Not released", runs=[text], failures={text: text})
        lines = stream.getvalue()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u2066\u2028\ufffe\U000e0041]", lines)
        return [json.loads(line) for line in lines.splitlines()]

    hostile = f'{poison}"}}\n{{"level": "INFO", "run_id": "evil"}}'
    error, warning, details = logged(hostile)
    assert [each.keys() for each in (error, warning, details)] == [each.keys() for each in logged("plain")]
    assert {error["run_id"], warning["run_id"], details["run_id"]} == {RUN}
    assert "evil" in error["exception"]
    assert warning["message"] == hostile
    assert (details["runs"], details["failures"]) == ([hostile], {hostile: hostile})


@pytest.mark.parametrize("name", PAYING)
def test_a_run_with_a_report_pays_for_nothing_more_when_its_execution_is_redriven(cloud: RunFolder, name: str) -> None:
    """A redrive continues a stopped execution with the state that it was stopped in."""
    write_json(cloud, Keys.REPORT, {})
    before = cloud.last_modified()
    with pytest.raises(SpendingLimitError, match=f"pays for nothing more.* tuner run {RUN} --again"):
        invoke(import_module(f"lambdas.{name}"), run_id=RUN, **EVENTS.get(name, {}))
    assert cloud.last_modified() == before


def test_the_release_of_a_run_with_a_report_still_works(cloud: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The redriven execution ends with the state that releases, and another purchase may have come late."""
    throughputs = FakeEndpoints()
    monkeypatch.setattr(purchase_throughput, "endpoints_of", lambda *_: throughputs)
    monkeypatch.setattr(release_throughput, "ProvisionedThroughputs", lambda: throughputs)
    monkeypatch.setattr(release_throughput, "ModelDeployments", lambda: FakeEndpoints("on_demand"))
    monkeypatch.setattr(release_throughput, "InvocationJobs", lambda: FakeJobs("batch"))
    write_json(cloud, Keys.TRAINING_SUMMARY, {"custom_model_arn": CUSTOM_MODEL})
    bought = invoke(purchase_throughput, run_id=RUN)["endpoint_arn"]
    write_json(cloud, Keys.REPORT, {})
    assert invoke(release_throughput, run_id=RUN)["released"] == [bought]
    assert throughputs.alive == {}
    assert cloud.load(EndpointRecord).released_at
