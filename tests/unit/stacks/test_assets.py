"""What is packed into the functions: nothing missing, nothing more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack, assertions

from stacks import assets, build, layer
from tests.unit.stacks.conftest import Synthesis


def staged(synthesis: Synthesis, function: str) -> Path:
    """The folder that the function's code is uploaded from."""
    properties = synthesis.functions()[function]
    name = properties["Code"]["S3Key"].removesuffix(".zip")
    return synthesis.directory / f"asset.{name}"


def test_a_function_gets_the_code_that_runs_in_it_and_nothing_else(aws: Synthesis) -> None:
    folder = staged(aws, "tuner-pin-inputs")
    packed = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "tuner", "lambdas"],
        cwd=layer.CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    left_out = ("tuner/cli/", "lambdas/scoring/", "lambdas/requirements.txt")
    assert packed == {Path(name) for name in tracked if not name.startswith(left_out)}
    assert Path("lambdas/step.py") in packed


def test_all_functions_share_one_upload(aws: Synthesis) -> None:
    zipped = {properties["Code"]["S3Key"] for properties in aws.functions().values() if "S3Key" in properties["Code"]}
    assert len(zipped) == 1


def test_the_image_is_built_from_the_same_code_and_its_requirements(aws: Synthesis) -> None:
    uri = aws.functions()["tuner-score-answers"]["Code"]["ImageUri"]["Fn::Sub"]
    folder = aws.directory / f"asset.{uri.rpartition(':')[2]}"
    copied = {
        line.split()[1]
        for line in (folder / "lambdas/scoring/Dockerfile").read_text().splitlines()
        if line.startswith("COPY")
    }
    assert copied >= {"tuner", "lambdas"}
    assert all((folder / name).exists() for name in copied)
    assert not (folder / "tests").exists()
    assert not (folder / ".git").exists()


def dependencies(monkeypatch: pytest.MonkeyPatch, built: bool, folder: Path) -> Stack:
    monkeypatch.setattr(assets, "is_current", lambda: built)
    monkeypatch.setattr(assets, "LAYER", folder)
    stack = Stack(App(), "Stack")
    assets.dependencies(stack)
    return stack


def test_without_its_dependencies_the_stack_synthesizes_and_the_cli_refuses_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The CDK CLI deploys no stack with an error annotation."""
    stack = dependencies(monkeypatch, built=False, folder=tmp_path)
    errors = assertions.Annotations.from_stack(stack).find_error("*", assertions.Match.any_value())
    assert [str(entry.entry.data) for entry in errors] == [assets.NOT_BUILT]
    assert "python3 -m stacks.build" in assets.NOT_BUILT


def test_with_its_dependencies_the_stack_is_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    stack = dependencies(monkeypatch, built=True, folder=tmp_path)
    assert assertions.Annotations.from_stack(stack).find_error("*", assertions.Match.any_value()) == []


class Pip:
    """Takes pip's place: makes the folder that it is asked for, or fails as pip does without a network."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        if self.fails:
            return subprocess.CompletedProcess(command, 1, "", "WARNING: Retrying\nERROR: No matching distribution\n")
        package = Path(command[command.index("--target") + 1]) / "boto3"
        package.mkdir(parents=True)
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A build folder and requirements of the test's own."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("boto3==1\n")
    monkeypatch.setattr(layer, "REQUIREMENTS", requirements)
    monkeypatch.setattr(layer, "LAYER", tmp_path / "build" / "layer")
    monkeypatch.setattr(layer, "_MARK", tmp_path / "build" / "layer.sha256")
    return tmp_path


def installing(monkeypatch: pytest.MonkeyPatch, fails: bool = False) -> Pip:
    pip = Pip(fails)
    monkeypatch.setattr(build.subprocess, "run", pip)
    return pip


def test_the_build_runs_once_for_the_same_requirements(monkeypatch: pytest.MonkeyPatch, workshop: Path) -> None:
    pip = installing(monkeypatch)
    build.main()
    build.main()
    assert len(pip.commands) == 1
    assert (layer.LAYER / "python" / "boto3").is_dir()
    layer.REQUIREMENTS.write_text("boto3==2\n")
    assert not layer.is_current()
    build.main()
    assert len(pip.commands) == 2
    assert layer.is_current()


def test_the_build_asks_for_lambdas_platform_and_never_compiles(
    monkeypatch: pytest.MonkeyPatch, workshop: Path
) -> None:
    pip = installing(monkeypatch)
    build.main()
    (command,) = pip.commands
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert {"--only-binary=:all:", "--no-deps", "manylinux2014_aarch64", "3.13"} <= set(command)


def test_a_build_that_fails_says_so_in_a_sentence_and_leaves_nothing_half_made(
    monkeypatch: pytest.MonkeyPatch, workshop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installing(monkeypatch, fails=True)
    build.main()
    said = capsys.readouterr().err.splitlines()[-1]
    assert "could not be built" in said
    assert "No matching distribution" in said
    assert not layer.is_current()
    assert not layer.LAYER.exists()


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("https://127.0.0.1:4566", True),
        ("http://localhost:4566", True),
        ("", False),
        ("https://vpce-1.bedrock.us-east-1.vpce.amazonaws.com", False),
    ],
)
def test_a_local_cloud_needs_no_dependencies(endpoint: str, local: bool) -> None:
    assert build.goes_to_local_cloud(endpoint) is local
