"""Put the app into the local cloud with the unmodified CDK CLI."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from local.environment import ACCOUNT, REGION, ClientEnvironment
from local.errors import DeployError
from local.folder import CHECKOUT, CloudFolder
from local.processes import mark

Progress = Callable[[str], None]


def deploy(folder: CloudFolder, client: ClientEnvironment, progress: Progress, app: Path = CHECKOUT) -> None:
    """Bootstrap the cloud once and deploy every stack of the CDK app in `app`. Raises DeployError."""
    run = _Runner(folder, client.applied_to(os.environ) | mark(folder), progress)
    bootstrapped = folder.root / "bootstrapped"
    if not bootstrapped.exists():
        progress("Bootstrapping the local account for the CDK")
        # Outside the app's folder: there the CLI would synthesize the app first, only to ignore it.
        run(["cdk", "bootstrap", f"aws://{ACCOUNT}/{REGION}", *_QUIET], folder.root)
        bootstrapped.touch()
    progress("Deploying the app with the CDK CLI")
    run(
        [
            "cdk",
            "deploy",
            "--all",
            "--require-approval",
            "never",
            "-c",
            "target=local",
            "--progress",
            "events",
            *_QUIET,
        ],
        app,
    )


_QUIET = ("--no-notices", "--no-version-reporting", "--no-color")


class _Runner:
    """Runs a tool in the app's folder, its output to the log and to the caller line by line."""

    def __init__(self, folder: CloudFolder, environment: dict[str, str], progress: Progress) -> None:
        self._log = folder.deploy_log
        self._environment = environment
        self._progress = progress

    def __call__(self, command: Sequence[str], directory: Path) -> None:
        lines: list[str] = []
        with self._log.open("a") as log:
            process = subprocess.Popen(  # noqa: S603 - the commands above
                command,
                cwd=directory,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert process.stdout is not None
            for line in process.stdout:
                log.write(line)
                lines.append(line.rstrip())
                self._progress(line.rstrip())
        if process.wait():
            shown = "\n".join(lines[-25:])
            raise DeployError(f"`{' '.join(command)}` failed ({self._log}):\n{shown}")
