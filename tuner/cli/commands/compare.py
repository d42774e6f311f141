"""`tuner compare`: compares the tuned models of several runs."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.artifacts.evaluation.scores import Scores
from tuner.cli import run_lookup
from tuner.cli.commands.evaluate import conclude
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.options import Json, Local, Stack, connect
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.terminal.score_table import score_table


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN RUN...", help="Two runs or more; the others are compared with the first."),
    ],
    as_json: Json = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Compare the tuned models of runs with that of the first run. Only questions that both answered count."""
    from tuner.evaluation.run_comparison import compare_runs  # loads numpy: only when it is needed

    if len(runs) < 2:
        raise typer.BadParameter("name at least two runs; 'tuner runs' lists them.", param_hint="RUN RUN...")
    deployment = connect(stack, on_local)
    (first, baseline), *others = [_scores(deployment, reference) for reference in runs]
    found = {run_id: compare_runs(baseline, scores, (first, run_id)) for run_id, scores in others}
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


def _scores(deployment: Deployment, reference: str) -> tuple[str, Scores]:
    run_id = run_lookup.resolve(deployment, reference).run_id
    scores = deployment.folder(run_id).load_if_present(Scores)
    if scores is None:
        raise CommandError(f"The run {run_id} has no scores. 'tuner show {run_id}' shows why.")
    return run_id, scores
