"""Tests that the functions' assets contain the needed files and no others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack

from stacks import build
from stacks.bundling import assets
from stacks.bundling.layer import CHECKOUT, Layer
from tests.unit.stacks.conftest import Synthesis, errors_of


def staged(synthesis: Synthesis, function: str) -> Path:
    """The folder that the function's code is uploaded from."""
    properties = synthesis.functions()[function]
    name = properties["Code"]["S3Key"].removesuffix(".zip")
    return synthesis.directory / f"asset.{name}"


def tracked(*folders: str) -> list[str]:
    """Files of the repository that are there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (CHECKOUT / name).exists()]


def test_a_function_gets_the_code_that_runs_in_it_and_nothing_else(aws: Synthesis) -> None:
    folder = staged(aws, "tuner-pin-inputs")
    packed = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    left_out = ("tuner/cli/", "lambdas/requirements")
    assert packed == {Path(name) for name in tracked("tuner", "lambdas") if not name.startswith(left_out)}
    assert Path("lambdas/step.py") in packed


def test_all_functions_share_one_upload(aws: Synthesis) -> None:
    assert len({properties["Code"]["S3Key"] for properties in aws.functions().values()}) == 1


def test_nothing_is_built_with_docker(aws: Synthesis) -> None:
    """No image is uploaded, no function runs in one, and no file of the repository says how to build one."""
    manifests = [json.loads(path.read_text()) for path in aws.directory.glob("*.assets.json")]
    assert manifests
    assert all(not manifest.get("dockerImages") for manifest in manifests)
    assert {properties.get("PackageType", "Zip") for properties in aws.functions().values()} == {"Zip"}
    names = [Path(name).name.lower() for name in tracked()]
    assert not [name for name in names if "dockerfile" in name or name.startswith(("docker-", "compose."))]


def test_the_functions_and_their_layers_fit(aws: Synthesis) -> None:
    """Two functions have a layer of their own beside the one that all have, and no function has both."""
    layers = {name: len(properties["Layers"]) for name, properties in aws.functions().items()}
    assert {name for name, number in layers.items() if number > 1} == {"tuner-score-answers", "tuner-preprocess"}
    assert set(layers.values()) == {1, 2}


def dependencies(built: bool, folder: Path) -> Stack:
    made = Layer("Dependencies", folder / "requirements.txt", folder / "layer")
    made.requirements.write_text("boto3==1\n")
    if built:
        (made.folder / "python").mkdir(parents=True)
        made.mark()
    stack = Stack(App(), "Stack")
    assets.layer(stack, made)
    return stack


def test_without_its_dependencies_the_stack_synthesizes_and_the_cli_refuses_it(tmp_path: Path) -> None:
    """The CDK CLI deploys no stack with an error annotation."""
    stack = dependencies(built=False, folder=tmp_path)
    assert errors_of(stack) == [assets.NOT_BUILT]
    assert "python3 -m stacks.build" in assets.NOT_BUILT


def test_with_its_dependencies_the_stack_is_accepted(tmp_path: Path) -> None:
    stack = dependencies(built=True, folder=tmp_path)
    assert errors_of(stack) == []


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
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Layer:
    """A layer of the test's own, the only one; the encoder is there."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("boto3==1\n")
    layer = Layer("Own", requirements, tmp_path / "build" / "layer")
    monkeypatch.setattr(build, "LAYERS", (layer,))
    monkeypatch.setattr(build, "build_encoder", lambda settings: None)
    return layer


def installing(monkeypatch: pytest.MonkeyPatch, fails: bool = False) -> Pip:
    pip = Pip(fails)
    monkeypatch.setattr(subprocess, "run", pip)
    return pip


def test_the_build_runs_once_for_the_same_requirements(monkeypatch: pytest.MonkeyPatch, made: Layer) -> None:
    pip = installing(monkeypatch)
    build.main([])
    build.main([])
    assert len(pip.commands) == 1
    assert (made.folder / "python" / "boto3").is_dir()
    made.requirements.write_text("boto3==2\n")
    assert not made.is_current()
    build.main([])
    assert len(pip.commands) == 2
    assert made.is_current()


def test_the_build_asks_for_lambdas_platform_and_never_compiles(monkeypatch: pytest.MonkeyPatch, made: Layer) -> None:
    pip = installing(monkeypatch)
    build.main([])
    (command,) = pip.commands
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert {"--only-binary=:all:", "--no-deps", "manylinux2014_aarch64", "3.13"} <= set(command)


def test_a_build_that_fails_prints_one_sentence_and_leaves_no_incomplete_files(
    monkeypatch: pytest.MonkeyPatch, made: Layer, capsys: pytest.CaptureFixture[str]
) -> None:
    installing(monkeypatch, fails=True)
    build.main([])
    said = capsys.readouterr().err.splitlines()[-1]
    assert "could not be built" in said
    assert "No matching distribution" in said
    assert not made.is_current()
    assert not made.folder.exists()


def test_a_deployment_to_a_local_cloud_builds_no_layer(monkeypatch: pytest.MonkeyPatch, made: Layer) -> None:
    pip = installing(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:4566")
    build.main([])
    assert pip.commands == []


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
