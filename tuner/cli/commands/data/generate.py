"""`tuner data generate`: has a model write question-answer pairs about documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuner.artifacts.costs.amounts import money_at_most
from tuner.artifacts.generated import CostBound, GeneratedSummary
from tuner.aws.s3.objects import object_address
from tuner.cli.commands.data.inputs import (
    data_limits,
    data_sink,
    data_source,
    files_below,
    is_folder,
    read_errors_as_usage_errors,
)
from tuner.cli.deployment import DEFAULT_STACK
from tuner.cli.options import NO_NAMES, Json, Local, StackIfAny, connect, with_field_options
from tuner.cli.terminal.console import emit, progress, say
from tuner.cli.terminal.interruption import interruptible
from tuner.cli.terminal.outputs import STANDARD, Force, one_use_of_standard_output
from tuner.core.errors import DatasetError, GenerationError
from tuner.core.run import role_of
from tuner.costs.prices.price_list import price_list
from tuner.datasets import Findings, RecordLimits, Source
from tuner.datasets.io import CommitTogether, LocalFile
from tuner.datasets.pipeline import FilePipeline
from tuner.settings import DeploymentSettings, FieldNames

if TYPE_CHECKING:
    from tuner.generation import FileReplyCache, GenerationSet
    from tuner.generation.documents import DocumentChunks
    from tuner.generation.generator import GenerationResult, PairGenerator

_DEFAULTS = DeploymentSettings()


@with_field_options
def generate(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Documents: local files and folders, or s3:// addresses.")
    ],
    output: Annotated[
        str,
        typer.Option(metavar="FILE", help="Where the pairs go: a local file, an s3:// address or - (stdout)."),
    ],
    count: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="Exact number of pairs.")] = 32,
    model: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Model or inference profile that writes the pairs. Default: the judge."),
    ] = None,
    base_model: Annotated[
        str, typer.Option(metavar="ID", help="Model to customize: the pairs follow its rules.")
    ] = _DEFAULTS.base_model,
    training: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Training data, which no pair repeats. Can be given several times."),
    ] = None,
    budget_usd: Annotated[
        float, typer.Option(metavar="USD", min=0, help="Stop before any request when the cost could be higher.")
    ] = 10,
    names: FieldNames = NO_NAMES,
    stack: StackIfAny = None,
    force: Force = False,
    as_json: Json = False,
    on_local: Local = False,
) -> None:
    """Have a model write questions and answers about documents. Each pair has its source passage."""
    from tuner import generation  # loads native code: only when it is needed

    one_use_of_standard_output(output, as_json)
    deployment = _deployment(stack, on_local)
    model = model or deployment.judge_model
    limits = data_limits(base_model, "validation", hint="--base-model")
    with read_errors_as_usage_errors("--training"):
        dedup = generation.Deduplicator(_pairs(training or [], limits, names))
    sources, library = _usable(paths)
    asked = generation.GenerationSet("validation", library.chunks, count)
    bound = _bound(asked, model, budget_usd, deployment)
    sink = data_sink(output, [*_local_paths(sources), *(training or [])], force)
    cache = generation.FileReplyCache(_replies_folder(output))
    # The output appears only when all pairs are written: an interrupted call leaves no half file.
    with interruptible(_interrupted(cache)), CommitTogether(sink):
        writer = generation.GeneratorModel(model, cache)
        result = _followed(generation.PairGenerator(library.chunks, count, writer, limits, dedup), count)
        if len(result.pairs) < count:
            kept = f"The replies are kept in {cache.folder}: the next call reuses them and does not pay for them again."
            raise GenerationError(f"{generation.shortfall_message(result, count, library, '--count')}\n{kept}")
        for pair in result.pairs:
            sink.write(pair.to_json_line().encode() + b"\n")
    cache.clear()  # the pairs are written, so the kept replies are no longer needed
    _conclude(generation.summarize(model, library, [(asked, result)], bound), output, as_json)


def _interrupted(cache: FileReplyCache) -> str:
    """What is said after Ctrl-C: nothing goes on in the account, and paid replies are not lost."""
    kept = f"Replies that came are kept in {cache.folder}: the same command goes on with them."
    return f"Interrupted. Nothing was written, and no further request is sent. {kept}"


def _usable(paths: list[str]) -> tuple[dict[str, Source], DocumentChunks]:
    """The documents and their chunks. Says which of them are not used; raises DatasetError when none is."""
    from tuner import generation

    with read_errors_as_usage_errors("PATH"):
        sources = documents(paths)
        library = generation.read_documents(sources)
    for sentence in library.unusable.values():
        say(f"Not used: {sentence}", "warn")
    generation.refuse_if_unusable(library)
    return sources, library


def _bound(asked: GenerationSet, model: str, budget_usd: float, deployment: DeploymentSettings) -> CostBound:
    """What the pairs cost at most, which is said. Raises BudgetExceededError when that is more than the budget."""
    from tuner import generation

    bound = generation.check_budget([asked], model, budget_usd, price_list(deployment.prices))
    price = "cost an unknown amount" if bound.usd is None else f"cost at most {money_at_most(bound.usd)}"
    say(f"{asked.count} pairs take at most {bound.calls} requests and {price}.", "quiet")
    return bound


def _followed(generator: PairGenerator, count: int) -> GenerationResult:
    """Runs the generation to its end, and shows its progress."""
    with progress("Asking about the documents") as show:

        def show_pairs() -> bool:
            show(f"{len(generator.result.pairs)} of {count} pairs, {generator.result.calls} requests")
            return True

        return generator.run(show_pairs)


def _deployment(stack: str | None, on_local: bool) -> DeploymentSettings:
    """The settings of the named deployment; the default settings when none was named."""
    if stack or on_local:
        return connect(stack or DEFAULT_STACK, on_local).settings
    return _DEFAULTS


def documents(paths: list[str]) -> dict[str, Source]:
    """The documents by unique names: the path below the given folder, after the folder itself where two are equal."""
    found: dict[str, Source] = {}
    for path in paths:
        for name, source in _documents(path).items():
            found[name if name not in found else f"{path.rstrip('/')}/{name}"] = source
    return found


def _documents(path: str) -> dict[str, Source]:
    """One file, or all visible files below a folder. In a dataset folder, only those of `documents/`."""
    if not is_folder(path):
        return {path.rpartition("/")[2]: data_source(path, "PATH")}
    files = {name: file for name, file in files_below(path).items() if not file.name.startswith(".")}
    if not any(role_of(name) for name in files):
        return files
    return {name.removeprefix("documents/"): file for name, file in files.items() if role_of(name) == "documents"}


def _local_paths(sources: Mapping[str, Source]) -> list[Path]:
    return [source.path for source in sources.values() if isinstance(source, LocalFile)]


def _pairs(files: list[str], limits: RecordLimits, names: FieldNames) -> Iterator[tuple[str, str]]:
    for file in files:
        findings = Findings()
        yield from FilePipeline(data_source(file), limits, names, findings).pairs()
        if findings.errors:
            raise DatasetError(f"{findings.kept[0]} Nothing was spent.")


def _replies_folder(output: str) -> Path:
    """The folder that keeps replies until the output is written: next to it, or here when it is in S3."""
    folder = Path() if object_address(output) else Path(output).parent
    name = "pairs" if output == STANDARD else output
    return folder / f".{name.rpartition('/')[2]}.generating"


def _conclude(summary: GeneratedSummary, output: str, as_json: bool) -> None:
    if as_json:
        emit({**summary.model_dump(mode="json"), "output": output})
    if summary.stand_in:
        say(f"Stand-in: the {summary.name} read the documents, not {summary.model}.", "warn")
    used = f"{summary.input_tokens:,} tokens read, {summary.output_tokens:,} written"
    where = "standard output" if output == STANDARD else output
    say(f"{summary.pairs} pairs are in {where}: {summary.calls} requests, {used}.", "good")
