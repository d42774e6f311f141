"""`tuner doctor`."""

import pytest

from tests.unit.cli.world import Tuner, World
from tuner.aws.clients import client
from tuner.errors import AwsError


class TestDoctor:
    @pytest.fixture(autouse=True)
    def _account(self, world: World) -> None:
        client("iam").create_role(RoleName="tuner-customization", AssumeRolePolicyDocument="{}")

    def test_an_account_that_is_ready(self, tuner: Tuner) -> None:
        outcome = tuner("doctor", "--json")
        assert {check["name"]: check["verdict"] for check in outcome.json} == {
            "Credentials": "ok",
            "Stack": "ok",
            "Data bucket": "ok",
            "Artifacts bucket": "ok",
            "Service role": "ok",
            "State machine": "ok",
            "Base model": "ok",
            "Judge": "ok",
            "Throughput quota": "ok",
        }
        assert outcome.status == 0

    def test_what_is_missing_fails_and_says_what_to_do(self, tuner: Tuner, world: World) -> None:
        world.model["modelLifecycle"]["status"] = "LEGACY"
        world.quota = 0.0
        client("iam").delete_role(RoleName="tuner-customization")
        outcome = tuner("doctor")
        assert outcome.status == 1
        assert outcome.out == ""
        said = " ".join(outcome.err.split())
        assert "✗ Base model" in said
        assert "✗ Service role" in said
        assert "ask AWS to raise quota L-BE77399C" in said
        assert "✓ Judge" in said

    def test_on_the_local_cloud_the_models_are_called_stand_ins(
        self, tuner: Tuner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert "Stand-in" not in tuner("doctor").err
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9")
        assert "Stand-in: the local cloud's own small models" in tuner("doctor").err

    def test_without_credentials_nothing_else_is_asked(
        self, tuner: Tuner, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def nobody() -> str:
            raise AwsError("Could not ask who is calling: there are no AWS credentials.")

        monkeypatch.setattr("tuner.cli.doctor._identity", nobody)
        outcome = tuner("doctor", "--json")
        assert outcome.status == 1
        assert [check["name"] for check in outcome.json] == ["Credentials"]
        assert world.calls("DescribeStacks") == world.calls("GetFoundationModel") == []

    def test_without_a_stack_the_rest_is_still_checked(self, tuner: Tuner) -> None:
        found = {check["name"]: check["verdict"] for check in tuner("doctor", "--stack", "None", "--json").json}
        assert found["Stack"] == "failed"
        assert found["Base model"] == "ok"
        assert "Data bucket" not in found
