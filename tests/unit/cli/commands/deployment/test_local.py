"""`tuner local` and `--local`."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.environment import ClientEnvironment
from local.errors import CloudStartError
from tuner.cli import deployment, main
from tuner.cli.local_cloud import use_local_cloud

ENDPOINT = "https://127.0.0.1:4566"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replaces local.cloud, and records the calls."""
    asked: dict[str, Any] = {}
    state = {"running": True, "folder": Path("/somewhere"), "endpoint": ENDPOINT, "pid": 1, "engine": "tiny"}

    def up(engine: str, deploy: bool, progress: Any) -> SimpleNamespace:
        asked.update(engine=engine, deploy=deploy)
        progress("Deploying [the app]")
        if "interrupted" in asked:
            raise KeyboardInterrupt
        if "fails" in asked:
            raise CloudStartError("The local cloud ended while starting.")
        return SimpleNamespace(**state, lost_runs=asked.get("lost", ()))

    monkeypatch.setattr("local.cloud.up", up)
    monkeypatch.setattr("local.cloud.down", lambda progress: asked.get("existed", False))
    monkeypatch.setattr("local.cloud.env", lambda: ClientEnvironment({"AWS_ENDPOINT_URL": ENDPOINT}))
    return asked


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


def test_up_passes_its_options_and_shows_progress(cloud: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert status("local", "up", "--engine", "tiny", "--no-deploy") == 0
    assert cloud == {"engine": "tiny", "deploy": False}
    said = capsys.readouterr()
    assert said.out == ""
    assert "Deploying [the app]" in said.err
    assert ENDPOINT in said.err


def test_up_says_which_runs_were_lost(cloud: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert status("local", "up") == 0
    assert "Lost" not in capsys.readouterr().err
    cloud["lost"] = ("faq-1", "faq-2")
    assert status("local", "up") == 0
    assert (
        "Lost with the local cloud before it: faq-1, faq-2. Start them again from the datasets' folders."
        in " ".join(capsys.readouterr().err.split())
    )


def test_an_unknown_engine_is_a_usage_error(cloud: dict[str, Any]) -> None:
    assert status("local", "up", "--engine", "huge") == 2
    assert cloud == {}


def test_an_error_of_the_cloud_is_one_message(cloud: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    cloud["fails"] = True
    assert status("local", "up") == 1
    assert capsys.readouterr().err.endswith("Error: The local cloud ended while starting.\n")


def test_an_interrupted_start_says_how_to_continue(cloud: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    cloud["interrupted"] = True
    assert status("local", "up") == 130
    assert "To continue: tuner local up." in capsys.readouterr().err


def test_down_says_whether_a_cloud_existed(cloud: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert status("local", "down") == 0
    assert "There was no local cloud." in capsys.readouterr().err
    cloud["existed"] = True
    assert status("local", "down") == 0
    assert "The local cloud is stopped and deleted." in capsys.readouterr().err


def test_env_prints_shell_exports(cloud: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert status("local", "env") == 0
    assert f"export AWS_ENDPOINT_URL={ENDPOINT}" in capsys.readouterr().out


def test_status_is_json_and_fails_when_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNER_LOCAL_DIR", str(tmp_path))
    assert status("local", "status") == 1
    assert json.loads(capsys.readouterr().out)["running"] is False


def test_use_local_cloud_replaces_the_environment_of_the_users_account(
    cloud: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ, AWS_PROFILE="work"))
    use_local_cloud()
    assert deployment.local_endpoint() == ENDPOINT
    assert "AWS_PROFILE" not in os.environ


def test_an_environment_of_a_local_cloud_is_kept(monkeypatch: pytest.MonkeyPatch, cloud: dict[str, Any]) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9999")
    use_local_cloud()
    assert deployment.local_endpoint() == "https://127.0.0.1:9999"


@pytest.mark.parametrize("endpoint", ["", "https://vpce-1.example.com", "https://127.0.0.1.example.com"])
def test_other_endpoints_are_not_local(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert deployment.local_endpoint() is None


def test_a_command_without_a_checkout_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tuner.__file__", str(tmp_path / "tuner" / "__init__.py"))
    assert status("local", "status") == 1
    assert "this command was installed without it" in capsys.readouterr().err
