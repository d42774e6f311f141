"""`tuner compare`: compares the tuned models of several runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from tuner.artifacts.evaluation.contestants import TUNED, ContestantName
from tuner.artifacts.evaluation.scores import Scores
from tuner.cli import run_lookup
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.options import Json, Local, Stack, connect
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.terminal.outputs import STANDARD, Force, one_use_of_standard_output, output_sink
from tuner.cli.terminal.score_table import score_table
from tuner.cli.terminal.verdict import conclude
from tuner.datasets.io import CommitTogether


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN...",
            help="Two runs or more; the others are compared with the first. RUN:CONTESTANT, such as RUN:retrieval, is "
            "another contestant of the run than the tuned model.",
        ),
    ],
    as_json: Json = False,
    output: Annotated[
        str | None,
        typer.Option("--output", metavar="FILE", help="Write a page (HTML) with the comparisons: a file, or -."),
    ] = None,
    force: Force = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Compare the tuned models of runs with that of the first run. Only questions that both answered count.

    Other contestants of runs can be compared too. Conclusions are corrected for the number of comparisons.
    """
    from tuner.evaluation.run_comparison import compare_runs, corrected  # loads numpy: only when it is needed

    one_use_of_standard_output(output or "", as_json)
    if len(runs) < 2:
        raise typer.BadParameter("name at least two runs; 'tuner runs' lists them.", param_hint="RUN RUN...")
    deployment = connect(stack, on_local)
    one, *others = [_compared(deployment, reference) for reference in runs]
    made = corrected(
        [
            compare_runs(
                one.scores, other.scores, (one.run_id, other.run_id), contestants=(one.contestant, other.contestant)
            )
            for other in others
        ]
    )
    first, found = one.name, {other.name: scores for other, scores in zip(others, made, strict=True)}
    if output:
        _write_page(first, found, output, force)
    if as_json:
        # `measure` is the published name of the run that the others are compared with.
        emit({"measure": first, "runs": {run_id: scores.to_document() for run_id, scores in found.items()}})
        return
    for run_id, scores in found.items():
        say(f"\n{run_id} compared with {first}", "name")
        for warning in scores.warnings:
            say(f"Warning: {warning}", "warn")
        console().print(score_table(scores.metrics, (first, run_id), conclusions=True))
        conclude(scores)


def _write_page(first: str, found: Mapping[str, Scores], address: str, force: bool) -> None:
    from tuner.reporting.page.comparison_page import comparison_page

    sink = output_sink(address, force=force)
    with CommitTogether(sink):
        sink.write(comparison_page(first, found).encode())
    if address != STANDARD:
        say(f"The page is in {address}")


@dataclass(frozen=True, slots=True)
class _Compared:
    """A contestant of a run, with the run's scores."""

    run_id: str
    contestant: ContestantName
    scores: Scores

    @property
    def name(self) -> str:
        """How the command names it: a tuned model by its run."""
        return self.run_id if self.contestant == TUNED else f"{self.run_id}:{self.contestant}"


def _compared(deployment: Deployment, reference: str) -> _Compared:
    """The contestant that a reference names: RUN, or RUN:CONTESTANT. Raises CommandError when there is none."""
    run, _, contestant = reference.partition(":")
    run_id = run_lookup.resolve(deployment, run).run_id
    scores = deployment.folder(run_id).load_if_present(Scores)
    if scores is None:
        raise CommandError(f"The run {run_id} has no scores. 'tuner show {run_id}' shows why.")
    answered = {name for record in scores.questions for name in record.by_contestant}
    if contestant and contestant not in answered:
        raise CommandError(f"The run {run_id} has no contestant '{contestant}'. It has: {', '.join(sorted(answered))}.")
    return _Compared(run_id, contestant or TUNED, scores)
