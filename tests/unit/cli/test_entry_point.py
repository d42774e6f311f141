"""Expected errors become one message and exit status 1."""

from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from tests.unit.cli.fake_aws import FakeAws, Refused, Tuner


class TestErrors:
    def test_no_credentials_say_what_to_do(self, tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
        def nobody(*_: object, **__: object) -> None:
            raise NoCredentialsError

        monkeypatch.setattr("tuner.cli.deployment.client", nobody)
        outcome = tuner("runs")
        assert outcome.status == 1
        assert "no AWS credentials" in outcome.err
        assert "export the access keys" in outcome.err  # the AWS CLI is not needed
        assert "--local" in outcome.err
        assert "Traceback" not in outcome.err

    def test_a_local_cloud_that_has_ended_is_named(self, tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
        def gone(*_: object, **__: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://127.0.0.1:9")

        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9")
        monkeypatch.setattr("tuner.cli.deployment.client", gone)
        outcome = tuner("runs")
        assert outcome.status == 1
        assert "start it with 'tuner local up'" in outcome.err

    @pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"])
    def test_expired_credentials_say_what_to_do(self, tuner: Tuner, aws: FakeAws, code: str) -> None:
        def expired() -> None:
            raise Refused(code, "The security token included in the request is expired", 403)

        aws.after["DescribeStacks"] = expired
        outcome = tuner("runs")
        assert (outcome.status, "Log in" in outcome.err) == (1, True)

    def test_a_wrong_region_is_named_without_a_call(
        self, tuner: Tuner, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_REGION", "us-est-1")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")  # restored after the test
        aws.actions.clear()
        outcome = tuner("runs")
        said = " ".join(outcome.err.split())
        assert outcome.status == 1
        assert "'us-est-1' is no Region of Amazon Bedrock. Did you mean 'us-east-1'? Set AWS_REGION to it." in said
        assert aws.actions == set()

    def test_a_denied_call_shows_the_message_of_aws(
        self, tuner: Tuner, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def denied() -> None:
            raise Refused("AccessDeniedException", "User: bob is not authorized to perform: states:ListExecutions", 403)

        aws.after["ListExecutions"] = denied
        outcome = tuner("runs")
        assert outcome.status == 1
        assert "bob is not authorized to perform: states:ListExecutions" in outcome.err

    def test_the_local_cloud_is_down(self, tuner: Tuner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("TUNER_LOCAL_DIR", str(tmp_path / "none"))
        outcome = tuner("runs", "--local")
        assert outcome.status == 1
        assert "The local cloud is not running. Start it with: tuner local up" in outcome.err
