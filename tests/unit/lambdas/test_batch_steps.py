"""The steps of batch jobs: what they pass on, and what they return to the state machine."""

import json

import pytest

from lambdas import answer_questions, check_batch, start_batch
from tests.doubles import RUN
from tests.unit.lambdas.steps import invoke
from tests.unit.serving.batch.test_batch_answers import Batches, prepared
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys


@pytest.fixture
def run(cloud: RunFolder, monkeypatch: pytest.MonkeyPatch) -> Batches:
    """The bucket has an approved run with batch jobs, which Bedrock answers at once."""
    monkeypatch.setenv("BATCH_ROLE_ARN", "arn:aws:iam::123456789012:role/batch")
    for name, data in prepared(3).files.items():
        cloud.write(name, data)
    jobs = Batches(cloud)
    for module in (start_batch, check_batch):
        monkeypatch.setattr(module, "InvocationJobs", lambda **_: jobs)
    return jobs


def test_the_jobs_are_started_with_the_role_and_their_answers_are_not_asked_for_again(
    run: Batches, cloud: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert invoke(start_batch, run_id=RUN) == {"jobs": 1, "wait_seconds": 7}
    assert [each.role_arn for each in run.requests.values()] == ["arn:aws:iam::123456789012:role/batch"]
    run.status = "InProgress"
    waiting = invoke(check_batch, run_id=RUN, shard_size=25)
    assert (waiting["status"], waiting["wait_seconds"]) == ("InProgress", 7)
    run.status = "Completed"
    assert invoke(check_batch, run_id=RUN, shard_size=25)["status"] == "Completed"
    # No call is made: there is no model behind this client.
    monkeypatch.setattr(answer_questions, "ConverseClient", lambda: None)
    assert invoke(answer_questions, run_id=RUN, model="base", shards=[0], shard_size=25) == {"answered": 3, "failed": 0}
    assert json.loads(cloud.read(Keys.answers("base", 0)).splitlines()[0])["batch"] is True
