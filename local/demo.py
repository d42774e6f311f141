"""`make demo`: the example from deploy to report on this machine, and nothing left of it but the report.

The cloud is one of its own, beside the user's: a demo neither needs nor disturbs it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from local import cloud
from local.errors import LocalCloudError
from local.folder import CHECKOUT, FOLDER_VARIABLE

_EXAMPLE = Path("examples") / "bedrock-faq"
_say = Console(stderr=True, highlight=False)


class DemoError(Exception):
    """The demo did not end as it must."""


def main() -> int:
    """Runs the demo; 0 when the run succeeded, nothing paid is left, and the tuned model beat the base model."""
    os.environ[FOLDER_VARIABLE] = str(CHECKOUT / ".local-demo")
    os.chdir(CHECKOUT)
    started = time.monotonic()
    try:
        _bring_up()
        _tune()
        _check()
    except (LocalCloudError, DemoError) as error:
        _say.print(f"\n{error}", style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        _say.print("\nInterrupted: the local cloud goes down.")
        return 130
    finally:
        with _say.status("Taking the local cloud down"):
            cloud.down()
    _say.print(f"The local cloud is down. The demo took {time.monotonic() - started:.0f} s.")
    return 0


def _bring_up() -> None:
    _say.rule("A cloud on this machine, and the app in it")
    began = time.monotonic()
    with _say.status("Starting") as status:
        cloud.up(progress=lambda line: status.update(line[: _say.width - 4]))
    _say.print(f"Deployed with the CDK CLI in {time.monotonic() - began:.0f} s: {cloud.status().endpoint}")


def _tune() -> None:
    _say.rule(f"Fine-tuning with {_EXAMPLE}")
    if _tuner("run", str(_EXAMPLE)).returncode:
        raise DemoError("The run did not succeed: what it says above is what a user would see.")


def _check() -> None:
    _say.rule("What is left")
    [run] = json.loads(_tuner("runs", "--json", output=True).stdout)
    shown = json.loads(_tuner("show", run["run_id"], "--json", output=True).stdout)
    if shown["live_throughput"]:
        alive = ", ".join(entry["arn"] for entry in shown["live_throughput"])
        raise DemoError(f"Throughput is still alive: {alive}")
    _say.print("Throughput and deployments alive: none")
    _tuner("report", run["run_id"], "--no-open")


def _tuner(*arguments: str, output: bool = False) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, as a user runs it."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "tuner", *arguments, "--local"],
        stdout=subprocess.PIPE if output else None,
        text=True,
        check=output,
    )


if __name__ == "__main__":
    sys.exit(main())
