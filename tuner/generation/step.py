"""A run's validation data from its documents: what the state "Generate validation data" does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from tuner import catalog
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError, GenerationError
from tuner.costs.prices import PriceList
from tuner.datasets.findings import Findings
from tuner.datasets.io import Source
from tuner.datasets.pipeline import Pass
from tuner.datasets.profile import MOST_RECORDS
from tuner.datasets.records.limits import record_counts
from tuner.datasets.records.record import Role
from tuner.datasets.records.rules import Limits
from tuner.generation.cache import FolderReplies
from tuner.generation.cost_bound import affordable
from tuner.generation.dedup import Known
from tuner.generation.documents import read_documents
from tuner.generation.generator import Generation
from tuner.generation.requests import Ask, Generator, converse
from tuner.generation.result import short_of, summary

# Of the 15 minutes that a function has: a request begun then is answered, or given up, within five more.
_SECONDS = 420.0
_LEFT_OUT = "The training data has errors: nothing was asked, and nothing was spent."


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` is False while the step has to be called again; `pairs` are there so far."""

    done: bool
    pairs: int


def generate_validation(
    folder: RunFolder,
    manifest: Manifest,
    data: Mapping[Role, Source],
    documents: Mapping[str, Source],
    budget_usd: float,
    prices: PriceList | None = None,
    ask: Ask = converse,
    clock: Callable[[], float] = time.monotonic,
) -> Progress:
    """Makes `Keys.GENERATED` and `Keys.GENERATED_SUMMARY`, a part at each call, and says how far it is.

    `data` has the training data and the evaluation data, if any: nothing that stands there is made again. When the
    training data has errors nothing is asked, since the run ends at them anyway. Raises DatasetError for documents
    that give nothing and a count that the base model does not take, BudgetExceededError when it could cost more than
    the budget, GenerationError when the documents do not give enough.
    """
    if (earlier := folder.find_json(Keys.GENERATED_SUMMARY)) and earlier["complete"]:
        return Progress(True, earlier["pairs"])
    started, count = clock(), manifest.settings.generate.count
    known, records = _known(manifest, data)
    if records is None:
        folder.write_json(
            Keys.GENERATED_SUMMARY, {"schema_version": 1, "complete": True, "pairs": 0, "left_out": _LEFT_OUT}
        )
        return Progress(True, 0)
    _check_count(manifest, records)
    library = read_documents(documents)
    most = affordable(library, count, manifest.generator_model, budget_usd, prices)
    generator = Generator(manifest.generator_model, FolderReplies(folder), ask)
    limits = _limits(manifest, "validation")
    made = Generation(library.parts, count, generator, limits, known).run(lambda: clock() - started < _SECONDS)
    if not made.done:
        return Progress(False, len(made.pairs))
    if len(made.pairs) == count:
        folder.write_lines(Keys.GENERATED, [asdict(pair) for pair in made.pairs])
    folder.write_json(Keys.GENERATED_SUMMARY, summary(manifest.generator_model, library, made, count, most))
    if len(made.pairs) < count:
        raise GenerationError(short_of(made, count, library))
    return Progress(True, count)


def _known(manifest: Manifest, data: Mapping[Role, Source]) -> tuple[Known, int | None]:
    """What is there already, and how many training records; None for these when the training data has errors."""
    known, training = Known(), 0
    for role, source in data.items():
        findings = Findings()
        pairs = Pass(source, _limits(manifest, role), manifest.settings.fields, findings).pairs()
        for number, (question, answer) in enumerate(pairs):
            if number < MOST_RECORDS:  # no model takes more; the run of a larger dataset ends at its findings
                known.add(question, answer)
            training += role == "training"
        if findings.errors:
            return known, None
    counted = record_counts(catalog.model(manifest.base_model), {"training": training})
    return known, None if any(counted) else training


def _limits(manifest: Manifest, role: Role) -> Limits:
    return Limits(catalog.model(manifest.base_model), role, manifest.settings.system_prompt)


def _check_count(manifest: Manifest, training: int) -> None:
    """Before anything is spent on pairs that the base model does not take."""
    counts: dict[Role, int] = {"training": training, "validation": manifest.settings.generate.count}
    flaws = list(record_counts(catalog.model(manifest.base_model), counts))
    if flaws:
        lines = "\n".join(f"generate.count in run.yaml: {flaw.message}" for flaw in flaws)
        raise DatasetError(f"{lines} Set it to a number that the model takes. Nothing has been spent.")
