"""The gate in the deployed local cloud: the model is marked, the next is told, and the second run meets the first."""

import json

import pytest

from tests.e2e.pipeline import small_dataset, until

pytestmark = pytest.mark.e2e
SETTINGS = """\
evaluation: {metrics: [correctness, rouge]}
gate:
  correctness: {at_least: 1, not_worse_than: best}
"""


@pytest.fixture
def told(pipeline):
    """A queue that a rule of whoever deploys next fills; returns the events' details."""
    sqs, events = pipeline.client("sqs"), pipeline.client("events")
    queue = sqs.create_queue(QueueName="deploys-next")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["bedrock-tuner"], "detail-type": ["Gate Decision"], "detail": {"decision": ["accepted"]}}
    events.put_rule(Name="deploys-next", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="deploys-next", Targets=[{"Id": "queue", "Arn": arn}])

    def details():
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        return [json.loads(message["Body"])["detail"] for message in found]

    return details


def test_an_accepted_model_is_marked_and_told_of_and_the_next_run_is_measured_by_it(pipeline, told):
    pipeline.drop("gated", small_dataset(SETTINGS))
    first = pipeline.run_of("gated")
    assert pipeline.finished(first)["status"] == "SUCCEEDED", pipeline.finished(first).get("cause")
    assert "Apply the gate" in pipeline.states(first)
    gate = json.loads(pipeline.artifact(first, "scores/gate.json"))
    assert (gate["decision"], gate["announced"]) == ("accepted", True)
    [detail] = until(told, "an event of the decision", 30)
    assert (detail["id"], detail["run_id"]) == (gate["id"], first)
    tags = pipeline.client("bedrock").list_tags_for_resource(resourceARN=gate["custom_model_arn"])["tags"]
    assert {"key": "bedrock-tuner:gate", "value": "accepted"} in tags
    assert {"key": "bedrock-tuner:deployment", "value": "tuner"} in tags
    report = pipeline.report(first)
    assert report["gate"]["sentence"].startswith("Accepted: ")
    assert report["earlier"] is None

    second = pipeline.invoke("StartFunctionName", {"dataset": "gated", "repeat": 1})["run_id"]
    assert pipeline.finished(second)["status"] == "SUCCEEDED"
    report = pipeline.report(second)
    assert report["earlier"]["run_id"] == first
    assert [rule["numbers"].get("compared_with") for rule in report["gate"]["rules"]] == [None, first]
    index = json.loads(pipeline.client("s3").get_object(
        Bucket=pipeline.outputs["ArtifactsBucketName"], Key="runs/index.json")["Body"].read())  # fmt: skip
    assert {first, second} <= set(index)
