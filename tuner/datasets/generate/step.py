"""A run's validation data from its documents: what the state "Generate validation data" does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tuner import catalog
from tuner.aws.run_folder import RunFolder
from tuner.costs.prices import price
from tuner.datasets.counts import record_counts
from tuner.datasets.findings import Findings
from tuner.datasets.generate.asking import Ask, Generator, converse
from tuner.datasets.generate.bound import Bound, bound
from tuner.datasets.generate.documents import Library, read_documents
from tuner.datasets.generate.known import Known
from tuner.datasets.generate.rounds import Generated, Generation, short_of
from tuner.datasets.passes import Pass
from tuner.datasets.places import Source
from tuner.datasets.record import Role
from tuner.datasets.rules import Limits
from tuner.errors import BudgetExceededError, DatasetError, GenerationError
from tuner.run import Keys, Manifest

# Of the 15 minutes that a function has: a request begun then is answered, or given up, within the rest.
_SECONDS = 420.0
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` is False while the step has to be called again; `pairs` are there so far."""

    done: bool
    pairs: int


class FolderReplies:
    """Replies in a run's folder: each is there as soon as it was given."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._there = set(folder.list(Keys.GENERATED_REPLIES))

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The reply, or None."""
        name = f"{Keys.GENERATED_REPLIES}{key}.json"
        found: Mapping[str, Any] | None = self._folder.read_json(name) if name in self._there else None
        return found

    def keep(self, key: str, reply: Mapping[str, Any]) -> None:
        """Remembers a reply at once."""
        self._folder.write_json(f"{Keys.GENERATED_REPLIES}{key}.json", reply)


def generate_validation(
    folder: RunFolder,
    manifest: Manifest,
    data: Mapping[Role, Source],
    documents: Mapping[str, Source],
    budget_usd: float,
    ask: Ask = converse,
    clock: Callable[[], float] = time.monotonic,
) -> Progress:
    """Makes `Keys.GENERATED` and `Keys.GENERATED_SUMMARY`, a part at each call, and says how far it is.

    `data` has the training data and the evaluation data, if any: nothing that stands there is made again. When the
    training data has errors nothing is asked, since the run ends at them anyway. Raises DatasetError for documents
    that give nothing and a count that the base model does not take, BudgetExceededError when it could cost more than
    the budget, GenerationError when the documents do not give enough.
    """
    if earlier := folder.find_json(Keys.GENERATED_SUMMARY):
        return Progress(True, earlier["pairs"])
    started, count = clock(), manifest.settings.generate.count
    known, records = _known(manifest, data)
    if records is None:
        folder.write_json(Keys.GENERATED_SUMMARY, {"schema_version": 1, "pairs": 0, "left_out": _LEFT_OUT})
        return Progress(True, 0)
    _check_count(manifest, records)
    library = read_documents(documents)
    most = _check_library(library, manifest, budget_usd)
    generator = Generator(manifest.generator_model, FolderReplies(folder), ask)
    limits = _limits(manifest, "validation")
    made = Generation(library.parts, count, generator, limits, known).run(lambda: clock() - started < _SECONDS)
    if not made.done:
        return Progress(False, len(made.pairs))
    if len(made.pairs) < count:
        advice = f"{short_of(made, count, len(library.parts))} The key is 'generate.count' in run.yaml."
        raise GenerationError(advice + _unusable(library))
    folder.write_lines(Keys.GENERATED, [asdict(pair) for pair in made.pairs])
    folder.write_json(Keys.GENERATED_SUMMARY, summary(manifest.generator_model, library, made, most))
    return Progress(True, count)


_LEFT_OUT = "The training data has errors: nothing was asked, and nothing was spent."


def summary(model: str, library: Library, made: Generated, most: Bound) -> dict[str, Any]:
    """The shape of `generated/summary.json`."""
    known = catalog.judge(model)
    names = sorted({part.document for part in library.parts} | set(library.unusable))
    return {
        "schema_version": 1,
        "model": model,
        "name": made.stand_in or (known.name if known else model),
        "stand_in": made.stand_in,
        "pairs": len(made.pairs),
        "calls": made.calls,
        "input_tokens": made.input_tokens,
        "output_tokens": made.output_tokens,
        "dropped": dict(made.dropped.most_common()),
        "most": asdict(most),
        "documents": [
            {
                "name": name,
                "parts": sum(part.document == name for part in library.parts),
                "pairs": sum(pair.document == name for pair in made.pairs),
                "unusable": library.unusable.get(name),
            }
            for name in names
        ],
    }


def _known(manifest: Manifest, data: Mapping[Role, Source]) -> tuple[Known, int | None]:
    """What is there already, and how many training records; None for these when the training data has errors."""
    known, training = Known(), 0
    for role, source in data.items():
        findings = Findings()
        for question, answer in Pass(source, _limits(manifest, role), manifest.settings.fields, findings).pairs():
            known.add(question, answer)
            training += role == "training"
        if findings.errors:
            return known, None
    return known, training


def _limits(manifest: Manifest, role: Role) -> Limits:
    return Limits(catalog.model(manifest.base_model), role, manifest.settings.system_prompt)


def _check_count(manifest: Manifest, training: int) -> None:
    """Before anything is spent on pairs that the base model does not take."""
    counts: dict[Role, int] = {"training": training, "validation": manifest.settings.generate.count}
    flaws = list(record_counts(catalog.model(manifest.base_model), counts))
    if flaws:
        lines = "\n".join(f"generate.count in run.yaml: {flaw.message} {flaw.remedy}" for flaw in flaws)
        raise DatasetError(f"{lines}\nSet 'generate.count' to a number that the model takes. Nothing has been spent.")


def _check_library(library: Library, manifest: Manifest, budget_usd: float) -> Bound:
    if not library.parts:
        raise DatasetError(f"documents/: none of the documents can be used.{_unusable(library)}")
    judge = catalog.judge(manifest.generator_model)
    model = judge.foundation_model if judge else manifest.generator_model
    read, written = price("input", model), price("output", model)
    prices = (read.usd if read else None, written.usd if written else None)
    most = bound(library.parts, manifest.settings.generate.count, prices)
    if most.usd is not None and most.usd > budget_usd:
        raise BudgetExceededError(
            f"Generating {manifest.settings.generate.count} pairs may take up to {most.calls} requests and "
            f"${most.usd:,.2f}, over the budget of ${budget_usd:,.2f}. Nothing has been spent. Lower 'generate.count', "
            "name a cheaper 'generate.model', upload validation data of your own, or raise 'budget_usd' in run.yaml."
        )
    return most


def _unusable(library: Library) -> str:
    """A line for each of the first documents that gave nothing."""
    return "".join(_lines(library))


def _lines(library: Library) -> Iterator[str]:
    sentences = list(library.unusable.values())
    yield from (f"\ndocuments/{sentence}" for sentence in sentences[:_NAMED])
    if len(sentences) > _NAMED:
        yield f"\n... and {len(sentences) - _NAMED} more documents."
