"""Deploys the app to the local cloud with the unmodified CDK CLI."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from local.environment import ACCOUNT, REGION, ClientEnvironment
from local.errors import DeployError
from local.folder import CHECKOUT, CloudFolder
from local.processes import mark

Progress = Callable[[str], None]

# Without questions, without calls to AWS's services for notices and telemetry, and without colors in the log.
_QUIETLY = ("--no-notices", "--no-version-reporting", "--no-color")
_BOOTSTRAP = ("cdk", "bootstrap", f"aws://{ACCOUNT}/{REGION}", *_QUIETLY)
_DEPLOY = ("cdk", "deploy", "--all", "--require-approval", "never", "--progress", "events", *_QUIETLY)
_SYNTHESIZE = ("cdk", "synth", "--all", "--quiet", *_QUIETLY)
_EVENT = re.compile(
    r"^(?P<stack>\S+) +\| +(?P<count>\d+/\d+) \|[^|]+\| (?P<status>\w+) +\| (?P<type>\S+) +\| (?P<name>.+)"
)
_SHOWN_ON_FAILURE = 25
# The CDK writes this file when a synthesis is complete.
_ASSEMBLY = "manifest.json"


def deploy(
    folder: CloudFolder,
    client: ClientEnvironment,
    progress: Progress,
    app: Path = CHECKOUT,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Bootstraps the cloud if necessary, and deploys every stack of the CDK app in `app`. Raises DeployError.

    `settings` are settings of the deployment that differ from those of cdk.json. An `app` that is synthesized already
    has them in its templates.
    """
    tool = _tool(folder, client, progress)
    if not (CHECKOUT / "node_modules" / ".bin" / "cdk").exists():
        progress("Installing the CDK CLI")
        tool.run(("npm", "ci", "--no-audit", "--no-fund"), CHECKOUT)
    bootstrapped = folder.root / "bootstrapped"
    if not bootstrapped.exists():
        progress("Bootstrapping the local account for the CDK")
        # Not in the app's folder: there the CLI would synthesize the app first, which bootstrapping does not need.
        tool.run(_BOOTSTRAP, folder.root)
        bootstrapped.touch()
    progress("Deploying the app with the CDK CLI")
    if (app / _ASSEMBLY).exists():
        tool.run((*_DEPLOY, "--app", str(app)), folder.root)
    else:
        # The output goes to the cloud's own folder: the CLI locks it, and two clouds may be deployed at the same time.
        tool.run((*_DEPLOY, *_context(settings), "--output", str(folder.root / "cdk.out")), app)


def synthesize(
    folder: CloudFolder, client: ClientEnvironment, progress: Progress, output: Path, settings: Mapping[str, str]
) -> None:
    """Synthesizes the app of the checkout with these settings, to deploy it to several clouds. Raises DeployError."""
    progress("Synthesizing the app")
    command = (*_SYNTHESIZE, *_context(settings), "--output", str(output))
    _tool(folder, client, progress).run(command, CHECKOUT)


def _tool(folder: CloudFolder, client: ClientEnvironment, progress: Progress) -> _Tool:
    return _Tool(client.applied_to(os.environ) | mark(folder), folder.deploy_log, progress)


def _context(settings: Mapping[str, str]) -> list[str]:
    return [word for key, value in {"target": "local", **settings}.items() for word in ("-c", f"{key}={value}")]


def summary(line: str) -> str | None:
    """The text to show for a line of the CDK CLI, or None: finished resources, and lines that are not events."""
    event = _EVENT.match(line)
    if not event:
        return line.strip() or None
    if event["status"].endswith("_IN_PROGRESS"):
        return None
    done = "" if event["status"].endswith("_COMPLETE") else f"{event['status']} "
    return f"{event['stack']} {event['count']} {done}{event['type']} {event['name'].rstrip()}"


@dataclass(frozen=True)
class _Tool:
    """Runs command line tools with the cloud's environment. Their output goes to the log, a summary to the user."""

    environment: dict[str, str]
    log: Path
    progress: Progress

    def run(self, command: Sequence[str], directory: Path) -> None:
        """Runs a command to its end. Raises DeployError with the end of its output."""
        lines: list[str] = []
        with self.log.open("a") as log, self._started(command, directory) as process:
            try:
                for line in process.stdout or ():
                    log.write(line)
                    log.flush()
                    lines += self._shown(line)
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            shown = "\n".join(lines[-_SHOWN_ON_FAILURE:])
            raise DeployError(f"`{' '.join(command)}` failed. The end of {self.log}:\n{shown}")

    def _shown(self, line: str) -> list[str]:
        """Shows the summary of a line of output, if it has one, and returns it."""
        shown = summary(line)
        if not shown:
            return []
        self.progress(shown)
        return [shown]

    def _started(self, command: Sequence[str], directory: Path) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(  # noqa: S603 - only the commands above
                command,
                cwd=directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        except FileNotFoundError as error:
            raise DeployError(f"`{command[0]}` is not installed: run `make setup`.") from error
