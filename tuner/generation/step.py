"""Generates a run's validation data from its documents, for the state "Generate validation data"."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tuner import catalog
from tuner.artifacts.generated import GeneratedSummary
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError, GenerationError
from tuner.costs.prices.price_list import PriceList
from tuner.datasets.findings import Findings
from tuner.datasets.io import Source
from tuner.datasets.pipeline import FilePipeline
from tuner.datasets.profile import MAX_RECORDS
from tuner.datasets.records.limits import record_counts
from tuner.datasets.records.record import DataRole
from tuner.datasets.records.rules import RecordLimits
from tuner.generation.cache import RunFolderReplyCache
from tuner.generation.cost_bound import check_budget
from tuner.generation.dedup import Deduplicator
from tuner.generation.documents import read_documents
from tuner.generation.generator import PairGenerator
from tuner.generation.requests import Ask, GeneratorModel, converse
from tuner.generation.result import shortfall_message, summarize

# A Lambda function has 15 minutes. A request that starts now ends within five more, retries included.
_SECONDS = 420.0
_LEFT_OUT = "The training data has errors: no request was sent, and nothing was spent."


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` is False while the step must be called again; `pairs` is the number of pairs so far."""

    done: bool
    pairs: int


def generate_validation(
    folder: RunFolder,
    manifest: Manifest,
    data: Mapping[DataRole, Source],
    documents: Mapping[str, Source],
    budget_usd: float,
    prices: PriceList | None = None,
    ask: Ask = converse,
    clock: Callable[[], float] = time.monotonic,
) -> Progress:
    """Writes `Keys.GENERATED` and `Keys.GENERATED_SUMMARY`. Each call does a part of the work, until it is done.

    `data` has the training data, and the evaluation data if any: no pair repeats them. If the training data has errors,
    no request is sent, because the run ends at them anyway. Raises DatasetError when no document can be used or the
    base model does not accept the count, BudgetExceededError when the cost may exceed the budget, GenerationError when
    the documents do not give enough pairs.
    """
    earlier = folder.load_if_present(GeneratedSummary)
    if earlier and earlier.complete:
        return Progress(True, earlier.pairs)
    started, count = clock(), manifest.settings.generate.count
    dedup, training_records = _read_data(manifest, data)
    if training_records is None:
        folder.save(GeneratedSummary(complete=True, pairs=0, left_out=_LEFT_OUT))
        return Progress(True, 0)
    _check_count(manifest, training_records)
    library = read_documents(documents)
    bound = check_budget(library, count, manifest.generator_model, budget_usd, prices)
    model = GeneratorModel(manifest.generator_model, RunFolderReplyCache(folder), ask)
    generator = PairGenerator(library.chunks, count, model, _limits(manifest, "validation"), dedup)
    result = generator.run(lambda: clock() - started < _SECONDS)
    if not result.done:
        return Progress(False, len(result.pairs))
    # The summary comes last: with it, a repeated call knows that the pairs are complete.
    if len(result.pairs) == count:
        folder.save_records(Keys.GENERATED, result.pairs)
    folder.save(summarize(manifest.generator_model, library, result, count, bound))
    if len(result.pairs) < count:
        raise GenerationError(shortfall_message(result, count, library, "generate.count in run.yaml"))
    return Progress(True, count)


def _read_data(manifest: Manifest, data: Mapping[DataRole, Source]) -> tuple[Deduplicator, int | None]:
    """The existing pairs, and the number of training records: None if the training data has errors."""
    dedup, training = Deduplicator(), 0
    for role, source in data.items():
        findings = Findings()
        pairs = FilePipeline(source, _limits(manifest, role), manifest.settings.fields, findings).pairs()
        for number, (question, answer) in enumerate(pairs):
            if number < MAX_RECORDS:  # no model accepts more, so a larger dataset ends the run in preprocessing
                dedup.add(question, answer)
            training += role == "training"
        if findings.errors:
            return dedup, None
    issues = record_counts(catalog.model(manifest.base_model), {"training": training})
    return dedup, None if any(issues) else training


def _limits(manifest: Manifest, role: DataRole) -> RecordLimits:
    return RecordLimits(catalog.model(manifest.base_model), role, manifest.settings.system_prompt)


def _check_count(manifest: Manifest, training_records: int) -> None:
    """Raises DatasetError before anything is spent on more or fewer pairs than the base model accepts."""
    counts: dict[DataRole, int] = {"training": training_records, "validation": manifest.settings.generate.count}
    issues = list(record_counts(catalog.model(manifest.base_model), counts))
    if issues:
        lines = "\n".join(f"generate.count in run.yaml: {issue.message}" for issue in issues)
        raise DatasetError(f"{lines} Set it to a number that the model accepts. Nothing has been spent.")
