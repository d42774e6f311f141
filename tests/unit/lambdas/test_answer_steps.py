"""Tests of the handlers that ask models the evaluation questions: by calls, and in batch jobs."""

import json

import pytest

from lambdas import (
    answer_questions,
    check_batch,
    start_batch,
)
from tests.doubles import (
    NAME,
    RUN,
    approve,
    manifest,
    write_lines,
)
from tests.unit.lambdas.steps import invoke
from tests.unit.serving.batch.batch_jobs import Batches, prepared
from tuner.aws.bedrock.converse import Reply
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.costs.meter import most_used


class Asked:
    """A model that answers with its own endpoint."""

    def ask(self, endpoint: str, *_: object) -> Reply:
        return Reply(endpoint, "end_turn", 1, 1, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "endpoint"), [("base", "amazon.nova-micro-v1:0"), ("tuned", "arn:aws:bedrock:x:1:provisioned-model/y")]
)
def test_each_contestant_is_asked_at_its_own_endpoint(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch, model: str, endpoint: str
) -> None:
    monkeypatch.setattr(answer_questions, "ConverseClient", Asked)
    write_lines(cloud, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
    approve(cloud)
    record = {"kind": "provisioned", "arn": "arn:aws:bedrock:x:1:provisioned-model/y", "name": NAME}
    cloud.write(
        Keys.ENDPOINT,
        json.dumps({**record, "model_units": 1, "commitment": None, "created_at": "2026-11-23T07:00Z"}).encode(),
    )
    assert invoke(answer_questions, run_id=RUN, model=model, shards=[0], shard_size=25) == {"answered": 1, "failed": 0}
    assert next(cloud.read_lines(f"answers/{model}/00000.jsonl"))["answer"] == endpoint


@pytest.mark.slow
def test_another_model_is_asked_by_its_id_and_the_best_earlier_run_is_not_asked(
    cloud: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_questions, "ConverseClient", Asked)
    cloud.save(manifest(compare_with=["amazon.nova-lite-v1:0", "best"]))
    write_lines(cloud, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
    approve(cloud)
    event = {"run_id": RUN, "shards": [0], "shard_size": 25}
    assert invoke(answer_questions, model="nova-lite", **event) == {"answered": 1, "failed": 0}
    assert [each.answer for each in cloud.answers("nova-lite")] == ["amazon.nova-lite-v1:0"]
    assert most_used(cloud, "nova-lite").output > 0
    assert invoke(answer_questions, model="best", **event) == {"answered": 0, "failed": 0}
    assert cloud.answers("best") == []


@pytest.fixture
def batches(cloud: RunFolder, monkeypatch: pytest.MonkeyPatch) -> Batches:
    """The bucket has an approved run with batch jobs, which Bedrock answers at once."""
    monkeypatch.setenv("BATCH_ROLE_ARN", "arn:aws:iam::123456789012:role/batch")
    for name, data in prepared(3).files.items():
        cloud.write(name, data)
    jobs = Batches(cloud)
    for module in (start_batch, check_batch):
        monkeypatch.setattr(module, "InvocationJobs", lambda **_: jobs)
    return jobs


@pytest.mark.slow
def test_the_jobs_are_started_with_the_role_and_their_answers_are_not_asked_for_again(
    batches: Batches, cloud: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert invoke(start_batch, run_id=RUN) == {"jobs": 1, "wait_seconds": 7}
    assert [each.role_arn for each in batches.requests.values()] == ["arn:aws:iam::123456789012:role/batch"]
    batches.status = "InProgress"
    waiting = invoke(check_batch, run_id=RUN, shard_size=25)
    assert (waiting["status"], waiting["wait_seconds"]) == ("InProgress", 7)
    batches.status = "Completed"
    assert invoke(check_batch, run_id=RUN, shard_size=25)["status"] == "Completed"
    # No call is made: there is no model behind this client.
    monkeypatch.setattr(answer_questions, "ConverseClient", lambda: None)
    assert invoke(answer_questions, run_id=RUN, model="base", shards=[0], shard_size=25) == {"answered": 3, "failed": 0}
    assert json.loads(cloud.read(Keys.answers("base", 0)).splitlines()[0])["batch"] is True
