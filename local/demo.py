"""`make demo`: deploys the app to a local cloud, runs the example to its report, and takes the cloud down.

The demo uses its own cloud, so it does not affect a local cloud that the user has running.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from local import cloud, processes
from local.errors import LocalCloudError
from local.folder import CHECKOUT, FOLDER_VARIABLE
from tuner.artifacts.report import Report

# Exit statuses of `tuner run`: succeeded; the gate rejected the model; the gate could not decide.
_RESULTS = {0, 3, 4}
_INTERRUPTED = 130
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_EXAMPLE = Path("examples") / "bedrock-faq"
_console = Console(stderr=True, highlight=False)


class DemoError(Exception):
    """The demo failed."""


def main() -> int:
    """Runs the demo. Returns 0 if the run succeeded and no endpoint is left."""
    os.environ[FOLDER_VARIABLE] = str(CHECKOUT / ".local-demo")
    os.chdir(CHECKOUT)
    processes.own_clouds()
    _end_with_the_terminal()
    started = time.monotonic()
    try:
        status = _run()
    finally:
        down = _take_down()
    if down and status == _INTERRUPTED:
        _say("The demo was interrupted. Its local cloud is deleted, and its run with it. Start again with: make demo")
    elif down:
        _say(f"The local cloud is down. The demo took {time.monotonic() - started:.0f} s.")
    return status if down else status or 1


def _take_down() -> bool:
    # A second Ctrl-C would leave the cloud's processes.
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    _say("Taking the local cloud down")
    try:
        cloud.down()
    except LocalCloudError as error:
        _say(str(error), "bold red")
        return False
    return True


def _run() -> int:
    """The demo, up to the report. Returns the exit status."""
    try:
        _bring_up()
        _tune()
        _check()
    except (LocalCloudError, DemoError) as error:
        _say(f"\n{error}", "bold red")
        return 1
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):
            _console.show_cursor()  # the command that was interrupted may have hidden it
        _say("")  # after the ^C of the terminal
        return _INTERRUPTED
    return 0


def _say(text: str, style: str | None = None) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        _console.print(text, style=style, markup=False)


def _end_with_the_terminal() -> None:
    """Ends as Ctrl-C does when the terminal is closed or the process is ended: the command would outlive the demo."""
    for number in _ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, signal.default_int_handler)


def _bring_up() -> None:
    _console.rule("A cloud on this machine, and the app in it")
    began = time.monotonic()
    with _console.status("Starting") as status:
        cloud.up(progress=lambda line: status.update(line[: _console.width - 4]))
    _console.print(f"Deployed with the CDK CLI in {time.monotonic() - began:.0f} s: {cloud.status().endpoint}")


def _tune() -> None:
    _console.rule(f"Fine-tuning with {_EXAMPLE}")
    # A gate that rejects the model is a result, too.
    if _tuner("run", str(_EXAMPLE)).returncode not in _RESULTS:
        raise DemoError(_failure())


def _failure() -> str:
    """What a user reads below the output of a run that failed. The report is kept, because the cloud is not."""
    runs = json.loads(_tuner("runs", "--json", output=True).stdout)  # none if it could not be started
    folder = _report(runs[0]["run_id"]) if runs else None
    kept = f" Its report is kept: open {folder / 'index.html'}." if folder else ""
    return (
        f"The run failed. The output above is what a user would see.{kept} The demo's cloud is deleted now, and its "
        "run with it, so the commands above do not find it any more. Start again with: make demo"
    )


def _report(run_id: str) -> Path | None:
    """The folder with the run's downloaded report. None if it could not be downloaded."""
    folder = Path("reports") / run_id
    # The demo may have been run before: its run has the same id.
    status = _tuner("report", run_id, "--no-open", "--output", str(folder), "--force").returncode
    return None if status else folder


def _check() -> None:
    _console.rule("Remaining endpoints, and the report")
    # The demo's cloud has exactly one run.
    [run] = json.loads(_tuner("runs", "--json", output=True).stdout)
    shown = json.loads(_tuner("show", run["run_id"], "--json", output=True).stdout)
    if shown["live_throughput"]:
        alive = ", ".join(entry["arn"] for entry in shown["live_throughput"])
        raise DemoError(f"These endpoints were not released: {alive}")
    _console.print("Throughput and deployments alive: none")
    folder = _report(run["run_id"])
    if not folder:
        raise DemoError("The report could not be downloaded. The output above says why.")
    report = Report.model_validate_json((folder / "report.json").read_bytes())
    _console.print(Markdown(what_to_look_at(report, folder)))


def what_to_look_at(report: Report, folder: Path) -> str:
    """What a new user should open and notice, in Markdown. `folder` has the downloaded report."""
    first = report.next_steps[0].action if report.next_steps else "nothing"
    return (
        f"## What to look at\n\nOpen `{folder / 'index.html'}` in a browser, and notice:\n\n"
        f"1. The verdict, and below it *What to do next*. Here it begins with: {first}\n"
        "2. *Scores*: each difference with its 95 % interval, drawn around zero. An interval that includes zero may be "
        "chance.\n"
        "3. *Questions*: both answers beside the reference, with what differs marked. Sort by the largest loss.\n"
        "4. *Training*: the losses of each epoch, and from which epoch on the model overfits.\n"
        "5. *Time and money*: the estimated and the actual cost at the prices of AWS; how long throughput was paid for."
        f"\n\nFor programs: `{folder / 'report.json'}`. A small model on this machine stood in for Bedrock's, so its "
        "scores say nothing about them.\n\n"
        "The demo's cloud is deleted now, and its run with it, so the commands above do not find it any more. "
        "Next: start a cloud that stays with `tuner local up`, and give your own folder to `tuner data check`, then "
        "with --local to `tuner run`. To deploy to AWS: `docs/first-deployment.md`."
    )


def _tuner(*arguments: str, output: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs the command line in its own process, as a user does."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "tuner", *arguments, "--local"],
        stdout=subprocess.PIPE if output else None,
        text=True,
        check=output,
        # Ctrl-C reaches the demo only. The command would say that its run continues, and the demo ends the cloud.
        start_new_session=True,
    )


if __name__ == "__main__":
    sys.exit(main())
