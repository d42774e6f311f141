"""`python3 -m stacks.build`, cdk.json's build step: the Lambda dependencies for Lambda's platform, without Docker.

Does nothing when they are built already, or when the deployment goes to a local cloud, which needs none. A build that
fails is said and ends with status 0 all the same: the templates can still be synthesized and looked at, and the stack
then carries an error that keeps `cdk deploy` from going on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from stacks import layer


class BuildError(Exception):
    """The dependencies could not be built: the message says why and what to do."""


def main() -> None:
    """Builds what is missing, or says in one sentence why it cannot."""
    if goes_to_local_cloud(os.environ.get("AWS_ENDPOINT_URL", "")) or layer.is_current():
        return
    print("Building the Lambda dependencies (lambdas/requirements.txt)", file=sys.stderr)
    try:
        build()
    except BuildError as error:
        print(error, file=sys.stderr)


def goes_to_local_cloud(endpoint: str) -> bool:
    """Whether the AWS tools are pointed at this machine."""
    return urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1")


def build() -> None:
    """Installs the packages into a folder beside the layer's, and puts it in its place when it is whole."""
    partial = layer.LAYER.with_name("layer.partial")
    shutil.rmtree(partial, ignore_errors=True)
    install(layer.REQUIREMENTS, partial / "python", layer.PLATFORM)
    layer.unmark()
    shutil.rmtree(layer.LAYER, ignore_errors=True)
    partial.rename(layer.LAYER)
    layer.mark()


def install(requirements: Path, target: Path, platform: Sequence[str]) -> None:
    """Installs the packages of a requirements file into a folder, for a platform. Raises BuildError."""
    # Every package is listed with its version, so pip has nothing to resolve.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-color", "--retries", "1", "--timeout", "15"]
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", *platform]
    command += ["--target", str(target), "--requirement", str(requirements)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the command above
    if result.returncode:
        said = [line for line in result.stderr.splitlines() if line.startswith("ERROR")] or ["nothing"]
        raise BuildError(
            "The Lambda dependencies could not be built: is the package index reachable? "
            f"`python3 -m stacks.build` builds them, once; pip said: {said[-1]}"
        )


if __name__ == "__main__":
    main()
