"""`tuner review`: exports answers that people should score to a CSV file, and imports their scores."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tuner.aws.s3.run_folder import RunFolder
from tuner.cli import run_lookup
from tuner.cli.deployment import DEFAULT_STACK
from tuner.cli.errors import CommandError
from tuner.cli.options import Json, Local, Reference, Stack, connect
from tuner.cli.terminal.console import emit, say
from tuner.cli.terminal.hints import quoted
from tuner.cli.terminal.outputs import STANDARD, Force, output_sink
from tuner.cli.terminal.standard_input import input_file
from tuner.cli.terminal.verdict import show_people
from tuner.core.wording import plural
from tuner.datasets.io import CommitTogether
from tuner.reporting.collect.build import build
from tuner.reporting.publish import publish, published

app = typer.Typer(help="Have people score answers; their scores correct the judge's.", no_args_is_help=True)


@app.command("export")
def export(
    reference: Reference,
    random: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=10,
            help="Draw N questions at random. Default: the flagged questions, which are not a random sample.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Random seed of the sample. Another seed draws other questions.")
    ] = 0,
    output: Annotated[str, typer.Option(metavar="FILE", help="File to write, or - (stdout).")] = "review.csv",
    force: Force = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Download questions to review, as a page (.html) or a CSV file.

    The file does not say which model gave which answer.
    """
    # They load numpy: only when they are needed.
    from tuner.evaluation.review.spreadsheet import count_rows
    from tuner.evaluation.score_run import REVIEW, nothing_flagged

    deployment = connect(stack, on_local)
    run = run_lookup.resolve(deployment, reference)
    folder = deployment.folder(run.run_id)
    data = folder.find(REVIEW)
    if data is None:
        raise CommandError(f"The run {run.run_id} has no scores to review. 'tuner show {run.run_id}' shows why.")
    page = output.lower().endswith(".html")
    if random is not None or page:
        data = _sheet(folder, random, seed, page)
    elif not count_rows(data):
        raise nothing_flagged(run.run_id)
    sink = output_sink(output, force=force)
    with CommitTogether(sink):
        sink.write(data)
    if output == STANDARD:
        return
    command = f"tuner review import {run.run_id} {quoted('review.csv' if page else output)}"
    if page:
        say(f"Open {output} in a browser, or send it to reviewers. Download the scores there, then: {command}")
    else:
        questions = plural(count_rows(data), "question")
        say(f"Fill in score_1 and score_2 (1 to 10) of {questions} in {output}, then: {command}")


def _sheet(folder: RunFolder, count: int | None, seed: int, page: bool) -> bytes:
    """The questions that are drawn at random, or flagged. The run's folder keeps which model gave which answer."""
    from tuner.evaluation.review.spreadsheet import sample_sheet
    from tuner.evaluation.score_run import BYTE_ORDER_MARK, exported_sheet
    from tuner.reporting.page.review_page import review_page

    sheet, items = exported_sheet(folder, count, seed)
    if page:
        return review_page(items, sheet, folder.run_id).encode()
    return BYTE_ORDER_MARK + sample_sheet(items, sheet).encode()


@app.command("import")
def import_scores(
    reference: Reference,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The completed file, or - (stdin)."),
    ],
    reviewer: Annotated[
        str, typer.Option(metavar="NAME", help="Who gave the scores, where the file does not say it.")
    ] = "people",
    as_json: Json = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Add people's scores to the judge's, and decide again. Writes the run's report again."""
    # They load numpy: only when they are needed.
    from tuner.aws.bedrock.control_plane import Bedrock
    from tuner.aws.event_bus import put_event
    from tuner.aws.s3.training_index import TrainingIndex
    from tuner.evaluation.answer_files import read_sheet
    from tuner.evaluation.gate.apply import apply_gate
    from tuner.evaluation.score_run import merge_review

    completed = input_file(file, "FILE", ".csv")
    deployment = connect(stack, on_local)
    run = run_lookup.resolve(deployment, reference)
    folder = deployment.folder(run.run_id)
    before = published(folder)
    if before is None:
        raise CommandError(f"The run {run.run_id} has no report yet; 'tuner show {run.run_id}' shows what is known.")
    # The order matters: the gate decides by the new scores, and the report shows both.
    scores = merge_review(folder, read_sheet(completed), str(file), reviewer)
    gate = apply_gate(folder, Bedrock(), TrainingIndex(deployment.artifacts_bucket), put_event)
    publish(folder, build(folder, before.failure, before.status, at=datetime.fromisoformat(before.ended_at)))
    if as_json:
        written = scores.to_document()
        shown = {"people": written["people"], "verdict": written["verdict"], "gate": gate.to_document()}
        emit({"run_id": run.run_id, **shown})
    if people := scores.people:
        say(scores.verdict.sentence)
        show_people(people)
    if gate.decision != "none":
        say(f"Gate: {gate.sentence}")
