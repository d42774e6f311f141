"""A queue between a rule and a function: permissions of both sides, and what happens to a message that failed."""

import json
import time

import pytest
from ministack.services import eventbridge, lambda_svc, sqs

from local.patches.events import queue_deliveries

QUEUE = "arn:aws:sqs:us-east-1:000000000000:arrivals"
RULE = "arn:aws:events:us-east-1:000000000000:rule/uploads"
ALLOWED = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE,
    "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
}
MAPPING = {"EventSourceArn": QUEUE, "UUID": "u"}
FUNCTION = {"config": {"Role": "arn:aws:iam::000000000000:role/starter"}}


@pytest.fixture
def seen(monkeypatch):
    """What the patched functions did, on top of recorders."""
    record: dict[str, list] = {"sent": [], "run": []}
    monkeypatch.setattr(eventbridge, "_invoke_target", lambda target, *_: record["sent"].append(target["Arn"]))
    monkeypatch.setattr(lambda_svc, "_run_sqs_batch", lambda *arguments: record["run"].append(arguments))
    monkeypatch.setattr(queue_deliveries, "role_denial", lambda *_: None)
    queue_deliveries.install()
    return record


@pytest.mark.parametrize(("policy", "sent"), [([ALLOWED], [QUEUE]), ([], [])])
def test_a_rule_sends_to_a_queue_whose_policy_allows_it(seen, monkeypatch, policy, sent):
    attributes = {"Policy": json.dumps({"Statement": policy})}
    monkeypatch.setattr(sqs, "_queue_by_arn", lambda arn: {"attributes": attributes})
    eventbridge._invoke_target({"Arn": QUEUE}, {}, {"Arn": RULE})
    assert seen["sent"] == sent


def test_another_rule_may_not_send(seen, monkeypatch):
    attributes = {"Policy": json.dumps({"Statement": [ALLOWED]})}
    monkeypatch.setattr(sqs, "_queue_by_arn", lambda arn: {"attributes": attributes})
    eventbridge._invoke_target({"Arn": QUEUE}, {}, {"Arn": RULE + "-other"})
    assert seen["sent"] == []


def test_a_message_that_failed_comes_again_soon(seen):
    message = {"visible_at": time.time() + 1800, "receive_count": 1}
    lambda_svc._run_sqs_batch(MAPPING, FUNCTION, {}, [message], "url", "name")
    assert len(seen["run"]) == 1
    assert message["visible_at"] < time.time() + 60


def test_a_role_without_the_permissions_receives_nothing_and_the_mapping_says_so(seen, monkeypatch):
    denied = "not authorized to perform: sqs:DeleteMessage"
    monkeypatch.setattr(
        queue_deliveries, "role_denial", lambda role, session, check: denied if "Delete" in check.action else None
    )
    mapping, message = dict(MAPPING), {"visible_at": 0.0, "receive_count": 1}
    lambda_svc._run_sqs_batch(mapping, FUNCTION, {}, [message], "url", "name")
    assert seen["run"] == []
    assert mapping["LastProcessingResult"] == f"PROBLEM: {denied}"
    assert message["receive_count"] == 0, "it counts as never received"
