"""The decisions of the local cloud as tests/authorization writes them down."""

import pytest
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, parse_policy_document

from tests.authorization import journal

GRANT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
POLICY = parse_policy_document({"Statement": [GRANT]})


def request(action="s3:GetObject", session="one", kind="AssumedRole", **keys):
    return EvalContext(
        principal_arn=f"arn:aws:sts::000000000000:assumed-role/Reader/{session}",
        principal_type=kind,
        principal_account="000000000000",
        action=action,
        resource_arn="arn:aws:s3:::data/a",
        region="us-east-1",
        service_context={"aws:tagkeys": None, **keys},
        secure_transport=True,
    )


@pytest.fixture
def written(monkeypatch, tmp_path):
    path = tmp_path / "calls.jsonl"
    monkeypatch.setenv(journal.JOURNAL_VARIABLE, str(path))
    for name in ("evaluate", "evaluate_resource_policy"):  # `install` replaces them; undone after the test
        monkeypatch.setattr(iam_evaluator, name, getattr(iam_evaluator, name))
    journal.install()
    return lambda: list(journal.read(path)) if path.exists() else []


def test_a_roles_call_is_written_once_with_its_keys_and_the_decision(written):
    for session in ("one", "two"):
        iam_evaluator.evaluate(request(session=session, **{"kms:viaservice": "s3.us-east-1.amazonaws.com"}), [POLICY])
    (call,) = written()
    assert (call.role, call.action, call.resource, call.decision) == (
        "Reader",
        "s3:GetObject",
        "arn:aws:s3:::data/a",
        "Allow",
    )
    assert call.context["kms:viaservice"] == "s3.us-east-1.amazonaws.com"
    assert call.context["aws:SecureTransport"] == "true"
    assert "aws:tagkeys" not in call.context


def test_a_refused_call_is_written_too(written):
    iam_evaluator.evaluate(request("s3:PutObject"), [POLICY])
    assert [call.decision for call in written()] == ["ImplicitDeny"]


def test_a_resources_policy_is_written_for_services_and_decides_nothing_about_roles(written):
    policy = {"Statement": [GRANT | {"Principal": {"Service": "events.amazonaws.com"}}]}
    iam_evaluator.evaluate_resource_policy(policy, request())
    assert written() == []
    iam_evaluator.evaluate_resource_policy(policy, request(kind="Service"), service="events.amazonaws.com")
    (call,) = written()
    assert (call.principal, call.service, call.decision) == ("events.amazonaws.com", True, "Allow")
