"""What `tuner runs` says of each run: its state, verdict, gate, cost and duration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC

from rich.text import Text

from tuner import approval
from tuner.artifacts.costs.amounts import money, money_at_most
from tuner.artifacts.report.run_summary import RunSummary
from tuner.aws.s3.run_summaries import run_summaries
from tuner.cli.deployment import Deployment
from tuner.cli.progress.executions import Run
from tuner.cli.progress.queue_position import QueuePosition, places
from tuner.cli.terminal.console import say
from tuner.core.errors import AccessDeniedError
from tuner.core.strict_model import JsonObject
from tuner.reporting.formatting import duration

_PARALLEL_READS = 8
_WAITS = "WAITS_FOR_APPROVAL"
_QUEUED = "WAITS_FOR_PLACE"
_STYLES = {
    "SUCCEEDED": "good",
    "RUNNING": "name",
    "FAILED": "bad",
    "TIMED_OUT": "bad",
    "ABORTED": "warn",
    _WAITS: "warn",
    _QUEUED: "warn",
}
_WORDS = {"ABORTED": "stopped", _WAITS: "waits for approval", "PENDING_REDRIVE": "restarts"}
_OUTCOMES = {"better": "good", "worse": "bad", "accepted": "good", "rejected": "bad", "undecided": "warn"}


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run, with the summary that it wrote at its end."""

    run: Run
    summary: RunSummary | None
    waits_for_approval: bool
    place: QueuePosition | None = None

    @property
    def state(self) -> str:
        """The execution's status, or that the run waits for a person or a place."""
        if self.waits_for_approval:
            return _WAITS
        return _QUEUED if self.place else self.run.status

    def as_json(self) -> JsonObject:
        """The run as `tuner runs --json` prints it. Members are null where nothing is known."""
        summary = self.summary
        return {
            **self.run.as_json(),
            "waits_for_approval": self.waits_for_approval,
            "place": self.place.as_json() if self.place else None,
            "verdict": summary.verdict.value if summary else None,
            "gate": summary.gate if summary else None,
            "guard": summary.guard if summary else None,
            "cost_usd": summary.cost_usd if summary else None,
            "cost_at_most_usd": summary.cost_at_most_usd if summary else None,
            "unknown_prices": summary.unknown_prices if summary else None,
        }


def listed(deployment: Deployment, runs: Sequence[Run]) -> list[ListedRun]:
    """The runs with what is known of them."""
    summaries = {each.run_id: each for each in run_summaries(deployment.folder(""))} if runs else {}
    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        waiting = list(pool.map(lambda run: _waits(deployment, run), runs))
    queued = _places(deployment) if any(not run.over for run in runs) else {}
    return [
        ListedRun(run, summaries.get(run.run_id), waits, queued.get(run.run_id))
        for run, waits in zip(runs, waiting, strict=True)
    ]


def _places(deployment: Deployment) -> dict[str, QueuePosition]:
    try:
        return places(deployment)
    except AccessDeniedError as error:
        # The list is useful without the positions.
        say(f"Positions in the queue are not known: {error}", "quiet")
        return {}


def run_table(found: Iterable[ListedRun]) -> Text:
    """Two lines per run, because an id alone may have 46 characters: the id with its start, then everything else."""
    heading = _line("state", "verdict", "gate", "cost", "took")
    heading.stylize("quiet")
    lines = [Text.assemble(("run, and its start", "quiet")), heading]
    for entry in found:
        started = f"{entry.run.started.astimezone(UTC):%d %b %H:%M} UTC"
        lines += [Text.assemble((entry.run.run_id, "name"), "  ", (started, "quiet")), _details(entry)]
    return Text("\n").join(lines)


def _queued(entry: ListedRun, place: QueuePosition) -> Text:
    """A run that waits for a place has no results yet: the line has its position and its expected start."""
    state = f"waits, {place.position} of {place.waiting}"
    start = f"starts about {place.expected:%d %b %H:%M} UTC" if place.expected else "–"
    line = Text(f"  {state:<18}  {start:<32}  {duration(entry.run.seconds):>13}")
    line.highlight_words([state], _STYLES[_QUEUED])
    return line


def _details(entry: ListedRun) -> Text:
    if entry.place and not entry.waits_for_approval:
        return _queued(entry, entry.place)
    summary = entry.summary
    verdict = summary.verdict.value if summary else None
    gate = summary.gate if summary and summary.gate != "none" else None
    state = _WORDS.get(entry.state, entry.state.lower().replace("_", " "))
    line = _line(state, verdict or "–", gate or "–", _cost(summary), duration(entry.run.seconds))
    for word, style in ((state, _STYLES.get(entry.state)), (verdict, _OUTCOMES.get(verdict or ""))):
        if word and style:
            line.highlight_words([word], style)
    if gate:
        line.highlight_words([gate], _OUTCOMES[gate])
    return line


def _line(state: str, verdict: str, gate: str, cost: str, took: str) -> Text:
    return Text(f"  {state:<18}  {verdict:<9}  {gate:<9}  {cost:>10}  {took:>13}")


def _cost(summary: RunSummary | None) -> str:
    if summary is None or summary.cost_usd is None:
        return "–"
    cost, most = money(summary.cost_usd), summary.cost_at_most_usd
    if most is not None and money_at_most(most) != money_at_most(summary.cost_usd):
        cost = f"≤{money_at_most(most)}"
    return cost + ("+" if summary.unknown_prices else "")


def _waits(deployment: Deployment, run: Run) -> bool:
    """Whether a person has to approve the run: it has asked, and nobody has answered."""
    if run.over:
        return False
    folder = deployment.folder(run.run_id)
    return approval.find_request(folder) is not None and approval.find_answer(folder) is None


def has_unknown_prices(found: Iterable[ListedRun]) -> bool:
    """Whether a cost in the table has a `+`."""
    return any(entry.summary and entry.summary.unknown_prices for entry in found)
