"""Generates data of a run from its documents, for the state "Generate validation data".

Beside a training file, validation data is generated: as many pairs as asked for. Documents alone give every file that
the dataset does not have, with as many pairs as come of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from tuner import catalog
from tuner.artifacts.costs.generation_plan import GenerationPlan
from tuner.artifacts.generated import GENERATED_KEYS, GeneratedSummary
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import GenerationError
from tuner.datasets.findings import Findings
from tuner.datasets.io import Source
from tuner.datasets.pipeline import FilePipeline
from tuner.datasets.profile import MAX_RECORDS
from tuner.datasets.records.file_rules import record_counts
from tuner.datasets.records.record import DataRole
from tuner.datasets.records.rules import RecordLimits
from tuner.generation.cache import RunFolderReplyCache
from tuner.generation.dedup import Deduplicator
from tuner.generation.document_split import GenerationSet, planned_sets, sentences
from tuner.generation.documents import DocumentChunks, read_documents
from tuner.generation.generator import GenerationResult, PairGenerator
from tuner.generation.plan import Progress, generation_meter
from tuner.generation.requests import Ask, GeneratorModel, converse
from tuner.generation.result import shortfall_message, summarize, too_few_message

# A Lambda function has 15 minutes. A request that starts now ends within five more, retries included.
_SECONDS = 420.0


Made = Sequence[tuple[GenerationSet, GenerationResult]]


def generate_data(
    folder: RunFolder,
    manifest: Manifest,
    data: Mapping[DataRole, Source],
    documents: Mapping[str, Source],
    ask: Ask = converse,
    clock: Callable[[], float] = time.monotonic,
) -> Progress:
    """Writes the files of `manifest.generated_roles` and their summary. Each call does a part, until it is done.

    `data` has the data files of the dataset: no pair repeats them. The plan has been made, and its cost approved.
    Raises GenerationError when the documents do not give enough pairs, SpendingLimitError when nothing was approved.
    """
    earlier = folder.load_if_present(GeneratedSummary)
    if earlier and earlier.complete:
        return Progress(True, earlier.pairs)
    ends_at, alone = clock() + _SECONDS, "training" not in data
    known = _known(data, alone)
    _read_data(manifest, data, known)
    library, bound = read_documents(documents, small=alone), folder.load(GenerationPlan).bound
    base_model, settings = catalog.model(manifest.base_model), manifest.settings.generate
    sets = planned_sets(library.chunks, manifest.generated_roles, settings, base_model)
    made: list[tuple[GenerationSet, GenerationResult]] = []
    with generation_meter(folder, bound) as meter:
        model = GeneratorModel(manifest.generator_model, RunFolderReplyCache(folder), ask, meter=meter)
        for entry in sets:
            if clock() >= ends_at and any(result.uncached_calls for _, result in made):
                return _unfinished(made)
            dedup = known.setdefault(entry.role, Deduplicator(others=dict(known)))
            limits, is_elsewhere = _limits(manifest, entry.role), _elsewhere(entry, sets)
            generator = PairGenerator(entry.chunks, entry.count, model, limits, dedup, is_elsewhere)
            made.append((entry, generator.run(lambda: clock() < ends_at)))
            if not made[-1][1].done:
                return _unfinished(made)
    summary = summarize(manifest.generator_model, library, made, bound, alone)
    error = _too_few(manifest, summary, library, made)
    # The summary comes last: with it, a repeated call knows that the pairs are complete.
    if error is None:
        for entry, result in made:
            folder.save_records(GENERATED_KEYS[entry.role], result.pairs)
    folder.save(summary)
    if error:
        raise error
    return Progress(True, summary.pairs)


def _unfinished(made: Made) -> Progress:
    return Progress(False, sum(len(result.pairs) for _, result in made))


def _known(data: Mapping[DataRole, Source], alone: bool) -> dict[DataRole, Deduplicator]:
    """The pairs that must not be repeated: of all files together, or of each file."""
    together = Deduplicator()
    return {role: Deduplicator() for role in data} if alone else dict.fromkeys((*data, "validation"), together)


def _elsewhere(entry: GenerationSet, sets: Sequence[GenerationSet]) -> Callable[[str], bool]:
    """Whether a passage is also in a part of another set, because documents repeat themselves. Not for training."""
    if entry.role == "training":
        return lambda _: False
    others = _plain("\n".join(chunk.text for other in sets if other is not entry for chunk in other.chunks))
    return lambda passage: _plain(passage) in others


def _plain(text: str) -> str:
    """The text in small letters with single spaces: fast for all documents of a dataset."""
    return " ".join(text.casefold().split())


def _too_few(
    manifest: Manifest, summary: GeneratedSummary, library: DocumentChunks, made: Made
) -> GenerationError | None:
    """The error when there are fewer pairs than asked for; with documents alone, fewer than the base model needs."""
    if summary.complete:
        return None
    results = [result for _, result in made]
    if not summary.sets:
        count = manifest.settings.generate.count
        return GenerationError(shortfall_message(results[0], count, library, "generate.count in run.yaml"))
    model = catalog.model(manifest.base_model)
    issues = list(record_counts(model, {entry.role: entry.pairs for entry in summary.sets}))
    return GenerationError(too_few_message(summary, sentences(issues), results)) if issues else None


def _read_data(manifest: Manifest, data: Mapping[DataRole, Source], known: Mapping[DataRole, Deduplicator]) -> None:
    """Adds the existing pairs to `known`. The plan has found no errors in them."""
    for role, source in data.items():
        pairs = FilePipeline(source, _limits(manifest, role), manifest.settings.fields, Findings()).pairs()
        # No model accepts more records, so that a larger dataset ends the run in preprocessing.
        for question, answer in islice(pairs, MAX_RECORDS):
            known[role].add(question, answer)


def _limits(manifest: Manifest, role: DataRole) -> RecordLimits:
    return RecordLimits(catalog.model(manifest.base_model), role, manifest.settings.system_prompt)
