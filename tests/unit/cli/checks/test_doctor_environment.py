"""`tuner doctor`: credentials, Region, settings, and endpoints that do not answer."""

import socket
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError
from botocore.parsers import ResponseParserError
from pytest_socket import enable_socket

from tests.unit.cli.fake_aws import FakeAws, Outcome, Tuner
from tuner.aws.clients import client
from tuner.cli import main
from tuner.cli.checks import quick_client
from tuner.cli.checks.account import unknown_region
from tuner.core.errors import AwsError

LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"


def line(outcome: Outcome, name: str) -> dict[str, str]:
    found: dict[str, str] = next(check for check in outcome.json if check["name"] == name)
    return found


class TestRegion:
    def test_an_unknown_region_is_reported_without_a_call(
        self, tuner: Tuner, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_REGION", "us-east-11")
        outcome = tuner("doctor", "--json")
        assert [check["name"] for check in outcome.json] == ["Region"]
        assert "Did you mean 'us-east-1'?" in outcome.json[0]["remedy"]
        assert aws.asked == []
        assert outcome.status == 1

    def test_a_missing_region_is_a_warning(self, tuner: Tuner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        outcome = tuner("doctor", "--json")
        assert line(outcome, "Region")["verdict"] == "warning"
        assert "export AWS_REGION=us-east-1" in line(outcome, "Region")["remedy"]

    def test_a_region_other_than_the_settings_region_is_a_failure(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.stacks.clear()
        outcome = tuner("doctor", "-c", "region=us-west-2", "-c", f"base_model={LLAMA}", "--json")
        assert line(outcome, "Region")["verdict"] == "failed"
        assert "export AWS_REGION=us-west-2" in line(outcome, "Region")["remedy"]


def test_invalid_settings_are_reported_before_any_call(tuner: Tuner, aws: FakeAws) -> None:
    outcome = tuner("doctor", "-c", "budget_us=3", "--json")
    assert [check["name"] for check in outcome.json] == ["Settings"]
    assert "budget_usd" in outcome.json[0]["message"]
    assert aws.asked == []


def test_expired_credentials_stop_the_checks(tuner: Tuner, aws: FakeAws) -> None:
    def expired(**_: Any) -> tuple[Any, dict[str, Any]]:
        error = {"Code": "ExpiredToken", "Message": "The security token included in the request is expired"}
        body = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 403}}
        return AWSResponse("", 403, {}, None), body

    quick_client("sts").meta.events.register_first("before-call.sts.GetCallerIdentity", expired)
    outcome = tuner("doctor", "--json")
    quick_client("sts").meta.events.unregister("before-call.sts.GetCallerIdentity", expired)
    assert [check["name"] for check in outcome.json] == ["Credentials"]
    assert "expired" in outcome.json[0]["message"]
    assert "aws sso login" in outcome.json[0]["remedy"]
    assert aws.calls("DescribeStacks") == aws.calls("Converse") == []


def test_the_local_models_are_named_as_stand_ins(tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Stand-in" not in tuner("doctor").err
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9")
    assert "Stand-in: the local cloud's own small models" in tuner("doctor").err


def test_a_local_cloud_that_does_not_run_is_a_result(
    tuner: Tuner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TUNER_LOCAL_DIR", str(tmp_path / "none"))
    outcome = tuner("doctor", "--local", "--json")
    assert [check["name"] for check in outcome.json] == ["Local cloud"]
    assert "tuner local up" in outcome.json[0]["message"]


def test_an_endpoint_that_does_not_answer_is_given_one_and_a_half_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A socket that accepts and says nothing, as behind a firewall that drops packets."""
    enable_socket()
    timeouts: list[float | None] = []
    set_timeout = socket.socket.settimeout

    def recorded(self: socket.socket, seconds: float | None) -> None:
        timeouts.append(seconds)
        set_timeout(self, seconds)

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(socket.socket, "settimeout", recorded)
        client.cache_clear()
        with pytest.raises(SystemExit):
            main(["doctor", "--json"])
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()  # a second attempt would have connected again
    client.cache_clear()
    assert "no answer" in capsys.readouterr().out
    assert {seconds for seconds in timeouts if seconds} == {1.5}


@pytest.mark.slow
def test_a_network_error_is_not_reported_as_a_credentials_error(tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com/")

    quick_client("sts").meta.events.register_first("before-call.sts.GetCallerIdentity", unreachable)
    outcome = tuner("doctor", "--json")
    quick_client("sts").meta.events.unregister("before-call.sts.GetCallerIdentity", unreachable)
    assert "HTTPS_PROXY" in outcome.json[0]["remedy"]
    assert "aws sso login" not in outcome.json[0]["remedy"]


def test_a_response_of_a_proxy_is_a_result(tuner: Tuner) -> None:
    """As a proxy gives it."""

    def no_xml(**_: Any) -> None:
        raise ResponseParserError("invalid XML received")

    quick_client("sts").meta.events.register_first("before-call.sts.GetCallerIdentity", no_xml)
    outcome = tuner("doctor", "--json")
    quick_client("sts").meta.events.unregister("before-call.sts.GetCallerIdentity", no_xml)
    assert [check["name"] for check in outcome.json] == ["Credentials"]
    assert "the response is not from AWS" in outcome.json[0]["message"]
    assert "HTTPS_PROXY" in outcome.json[0]["remedy"]


@pytest.mark.parametrize(
    ("config", "said"), [("[default]\n", "(nope) could not be found."), ("garbage [", "Unable to")]
)
def test_an_unreadable_aws_configuration_is_a_result(
    config: str, said: str, tuner: Tuner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(config, "utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nope")
    outcome = tuner("doctor", "--json")
    assert [check["name"] for check in outcome.json] == ["Credentials"]
    assert said in outcome.json[0]["message"]
    assert "AWS_PROFILE" in outcome.json[0]["remedy"]
    assert outcome.status == 1


def test_a_misspelt_region_suggests_one_where_models_are_customized() -> None:
    found = unknown_region("us-est-1")
    assert found
    assert "Did you mean 'us-east-1'?" in found.remedy


def test_an_invalid_endpoint_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    client.cache_clear()
    with pytest.raises(AwsError, match="AWS_ENDPOINT_URL must be an address"):
        client("sts")
    client.cache_clear()
