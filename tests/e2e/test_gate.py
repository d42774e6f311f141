"""The gate in the deployed local cloud: tag, event, and the comparison with the best earlier run."""

import json

import pytest

from tests.e2e.pipeline import small_dataset, until

pytestmark = pytest.mark.e2e
SETTINGS = """\
compare_with: [base, best]
evaluation: {metrics: [correctness, rouge], guard: 10, samples: 2}
gate:
  correctness: {at_most: 9.9, not_worse_than: best}
  guard: {at_most: 0.99}
"""


@pytest.fixture
def received(pipeline):
    """A queue with the events of accepted models. Returns a function that receives their details."""
    sqs, events = pipeline.client("sqs"), pipeline.client("events")
    queue = sqs.create_queue(QueueName="accepted-models")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["bedrock-tuner"], "detail-type": ["Gate Decision"], "detail": {"decision": ["accepted"]}}
    rule = events.put_rule(Name="accepted-models", EventPattern=json.dumps(pattern))["RuleArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events.put_targets(Rule="accepted-models", Targets=[{"Id": "queue", "Arn": arn}])

    def details():
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        return [json.loads(message["Body"])["detail"] for message in found]

    return details


def test_an_accepted_model_is_tagged_and_published_and_compared_with_the_next_run(pipeline, received):
    own = {"question": "How deep is pier 4?", "check": {"contains": ["nine"]}, "right": "Nine metres."}
    files = small_dataset(SETTINGS)
    files["run.yaml"] = files["run.yaml"].replace(b"max_tokens: 16", b"max_tokens: 16, temperature: 1.0")
    pipeline.drop("gated", {**files, "guard.jsonl": json.dumps(own).encode()})
    first = pipeline.run_of("gated")
    assert pipeline.finished(first)["status"] == "SUCCEEDED", pipeline.finished(first).get("cause")
    assert "Apply the gate" in pipeline.states(first)
    gate = json.loads(pipeline.artifact(first, "scores/gate.json"))
    assert (gate["decision"], gate["announced"]) == ("accepted", True)
    [detail] = until(received, "an event of the decision")
    assert (detail["id"], detail["run_id"]) == (gate["id"], first)
    tags = pipeline.client("bedrock").list_tags_for_resource(resourceARN=gate["custom_model_arn"])["tags"]
    assert {"key": "bedrock-tuner:gate", "value": "accepted"} in tags
    assert {"key": "bedrock-tuner:deployment", "value": "tuner"} in tags
    report = pipeline.report(first)
    assert report["gate"]["sentence"].startswith("Accepted: ")
    assert report["earlier"] is None
    assert [rule["measure"] for rule in gate["rules"]] == ["correctness", "correctness", "guard"]
    asked = {each["id"]: (each["base"]["answer"], each["tuned"]["answer"]) for each in report["guard"]["questions"]}
    assert (len(asked), [each["category"] for each in report["guard"]["questions"]].count("own")) == (11, 1)
    assert all(None not in both for both in asked.values())
    [question] = report["questions"]
    for answer in (question["base"], question["tuned"]):
        [further] = answer["further"]
        assert None not in (answer["answer"], further["answer"])
        assert answer["answer"] != further["answer"]
    assert report["scoring"]["samples"] == 2
    written = pipeline.artifact(first, "answers/tuned/00000.jsonl").splitlines()
    assert [json.loads(line)["sample"] for line in written] == [0, 1]
    warned = json.loads(pipeline.artifact(first, "scores/scores.json"))["warnings"]
    assert any(each.startswith("compare_with: best: there is no earlier run") for each in warned)

    second = pipeline.invoke("StartFunctionName", {"dataset": "gated", "repeat": 1})["run_id"]
    assert pipeline.finished(second)["status"] == "SUCCEEDED"
    report = pipeline.report(second)
    assert report["earlier"]["run_id"] == first
    assert [rule["numbers"].get("compared_with") for rule in report["gate"]["rules"]] == [None, first, None]
    # The answers of the first run are copied, and graded beside those of the second one.
    assert pipeline.artifact(second, "answers/best/00000.jsonl").splitlines() == written
    scores = json.loads(pipeline.artifact(second, "scores/scores.json"))
    assert list(scores["metrics"]["correctness"]["compared"]) == ["base", "best"]
    assert any(f"the answers are those of the tuned model of {first}" in each for each in scores["warnings"])
    index = json.loads(pipeline.client("s3").get_object(
        Bucket=pipeline.outputs["ArtifactsBucketName"], Key="runs/index.json")["Body"].read())  # fmt: skip
    assert {first, second} <= set(index)
