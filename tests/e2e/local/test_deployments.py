"""A new version that is deployed while runs are in progress changes nothing for them, and neither does its roll-back.

The second version is a copy of the checkout with other code in all functions, another setting and another state.
"""

import json
import shutil
import subprocess

import pytest

from local import cloud, deploy
from local.folder import CHECKOUT, CloudFolder
from tests.e2e.clouds import deployed_cloud
from tests.e2e.pipeline import small_dataset, until
from tuner.core.artifact_keys import Keys

pytestmark = [pytest.mark.e2e, pytest.mark.thorough]

# `approval_usd` makes all runs wait for a person.
_SETTINGS = {"training_places": "1", "approval_usd": "0"}
_CHANGES = {
    "lambdas/step.py": (
        'return result.model_dump(mode="json", exclude_unset=True) if result else {}',
        'return (result.model_dump(mode="json", exclude_unset=True) if result else {}) | {"second": "code"}',
    ),
    "statemachine/customization.asl.json": ('"Notify of success"', '"Notify of the success"'),
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """The first version in a cloud of its own, as its administrator sees it."""
    folder = tmp_path_factory.mktemp("versions") / "cloud"
    waits = {"SFN_WAIT_SCALE": "0.2", "LOCAL_PENDING": "0.1"}
    with deployed_cloud(folder, "instant", _SETTINGS, waits) as pipeline:
        yield pipeline


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """The app of the second version."""
    app = tmp_path_factory.mktemp("second") / "app"
    app.mkdir()
    for name in ("cdk.json", "app.py"):
        shutil.copy(CHECKOUT / name, app)
    for name in ("stacks", "lambdas", "tuner", "statemachine", "requirements"):
        shutil.copytree(CHECKOUT / name, app / name, ignore=shutil.ignore_patterns("__pycache__"))
    (app / "build").symlink_to(CHECKOUT / "build")
    for name, (old, new) in _CHANGES.items():
        text = (app / name).read_text("utf-8")
        assert old in text
        (app / name).write_text(text.replace(old, new), "utf-8")
    return app


def started(pipeline, dataset, settings=""):
    """A run that waits for its approval."""
    pipeline.drop(dataset, small_dataset(settings))
    run = pipeline.run_of(dataset)
    until(lambda: pipeline.artifact(run, Keys.APPROVAL), "a request for approval")
    return run


def approve(run):
    subprocess.run(["tuner", "approve", run], check=True, capture_output=True)


def entered(pipeline, run, state):
    until(lambda: state in pipeline.states(run), f"{run} in {state}")


def ended(pipeline, run):
    """How a run ended, whether functions of the second version returned its results, and its states but the last."""
    execution = pipeline.finished(run)
    pages = pipeline.client("stepfunctions").get_paginator("get_execution_history")
    events = [event for page in pages.paginate(executionArn=pipeline.arn(run)) for event in page["events"]]
    results = [json.loads(e["taskSucceededEventDetails"]["output"]) for e in events if "taskSucceededEventDetails" in e]
    # Others are answers to task tokens.
    of_functions = [result["Payload"] for result in results if "Payload" in result]
    assert len(of_functions) > 5
    return execution["status"], {"second" in (payload or {}) for payload in of_functions}, pipeline.states(run)[-2]


FIRST = ("SUCCEEDED", {False}, "Notify of success")
SECOND = ("SUCCEEDED", {True}, "Notify of the success")


def test_runs_end_with_the_version_that_they_began_with(pipeline, second):
    pipeline.change_bedrock(job_completing_seconds=60)
    training = started(pipeline, "training")
    unapproved, queued = (started(pipeline, name, "serving: none\n") for name in ("unapproved", "queued"))
    approve(training)
    until(pipeline.jobs, "a customization job")
    pipeline.change_bedrock(job_completing_seconds=0)  # for the jobs that follow
    approve(queued)
    entered(pipeline, queued, "Wait for a training place")

    deploy.deploy(CloudFolder.default(), cloud.env(), lambda _: None, second, _SETTINGS | {"quiet_seconds": "2"})
    of_second = started(pipeline, "second", "serving: none\n")
    cloud.up(engine="instant", settings=_SETTINGS)  # rolled back
    of_third = started(pipeline, "third", "serving: none\n")

    for run in (unapproved, of_second, of_third):
        approve(run)
    assert [ended(pipeline, run) for run in (training, unapproved, queued)] == [FIRST, FIRST, FIRST]
    assert ended(pipeline, of_second) == SECOND
    assert ended(pipeline, of_third) == FIRST
    assert pipeline.alive() == []
