"""A run's dataset from its files to what the customization job and the evaluation read: whole, or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tuner.catalog import Model
from tuner.core.artifact_keys import Keys
from tuner.datasets.evaluation_questions import Questions
from tuner.datasets.findings import Findings, Flaw
from tuner.datasets.findings_text import verdict
from tuner.datasets.io import Committing, Sink, Source
from tuner.datasets.pipeline import Output, Pass
from tuner.datasets.profile import File, Studied, study
from tuner.datasets.records.limits import file_bytes, record_counts
from tuner.datasets.records.record import Role
from tuner.datasets.records.rules import Limits
from tuner.datasets.split import HeldOut, held_out
from tuner.settings import FieldNames, RunSettings

GENERATED_FROM = "generated from documents"
GENERATED_FIELDS = FieldNames(prompt="question", completion="answer")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of a dataset. `summary` has the shape of `dataset/summary.json`.

    The converted files were written only when `findings` has no error.
    """

    summary: dict[str, Any]
    findings: Findings


def prepare(
    sources: Mapping[Role, Source],
    settings: RunSettings,
    model: Model,
    sink: Callable[[str], Sink],
    generated: bool = False,
    to_generate: int = 0,
) -> Prepared:
    """Reads, checks and converts a dataset, and writes `Keys.TRAINING`, `VALIDATION` and `EVALUATION` through `sink`.

    `sources` has at least `training`; `generated` says that its validation data was made from documents, `to_generate`
    how many records of it still will be. Nothing is raised for what the files hold: every flaw is in the findings.
    """
    return _Preparation(sources, settings, model, sink, generated, to_generate).run()


class _Preparation:
    def __init__(
        self,
        sources: Mapping[Role, Source],
        settings: RunSettings,
        model: Model,
        sink: Callable[[str], Sink],
        generated: bool,
        to_generate: int,
    ) -> None:
        self._sources = sources
        self._settings = settings
        self._model = model
        self._findings = Findings()
        self._generated = generated
        self._to_generate = to_generate
        sinks = {name: sink(name) for name in (Keys.VALIDATION, Keys.EVALUATION, Keys.TRAINING)}
        self._committing = Committing(*sinks.values())  # training last: it is what a job starts from
        self._evaluation, self._training = Output(sinks[Keys.EVALUATION]), Output(sinks[Keys.TRAINING])
        self._questions = Questions(self._evaluation, self._limits("evaluation"))
        asked_too = None if "evaluation" in sources else self._questions.write
        self._validation = Output(sinks[Keys.VALIDATION], asked_too)
        self._passes: dict[Role, Pass] = {}

    def run(self) -> Prepared:
        with self._committing as committing:
            self._check_system_prompt()
            studied = self._study()
            there = "validation" in self._sources or self._to_generate
            held = None if there else self._hold_out(studied.leaders)
            self._convert(held)
            if "evaluation" in self._sources:
                self._questions.write(self._judged("evaluation").records())
            self._check_files(held)
            if self._findings.errors:
                committing.cancel()
        return Prepared(self._summary(held, studied), self._findings)

    def _judged(self, role: Role) -> Pass:
        """The pass that says what is wrong with a file."""
        self._passes[role] = Pass(self._sources[role], self._limits(role), self._fields(role), self._findings)
        return self._passes[role]

    def _silent(self, role: Role) -> Pass:
        """Another look at a file that is judged elsewhere."""
        return Pass(self._sources[role], self._limits(role), self._fields(role), Findings())

    def _fields(self, role: Role) -> FieldNames:
        """The dataset's own names, which generated data does not follow."""
        return GENERATED_FIELDS if self._generated and role == "validation" else self._settings.fields

    def _limits(self, role: Role) -> Limits:
        return Limits(self._model, role, self._settings.system_prompt)

    def _check_system_prompt(self) -> None:
        for reserved in self._model.family.reserved_strings:
            if reserved in (self._settings.system_prompt or ""):
                message = f"'{reserved}' is reserved by {self._model.name} and fails the job."
                flaw = Flaw("reserved-string", message, "Write it in another way.", "system_prompt")
                self._findings.at("run.yaml", None, flaw)

    def _study(self) -> Studied:
        files = {role: File(source.name, self._silent(role).records) for role, source in self._sources.items()}
        leakage = self._settings.evaluation.leakage
        return study(files, self._limits("training").tokens, self._findings, leakage)

    def _hold_out(self, leaders: Mapping[int, int]) -> HeldOut:
        prompts = (prompt for prompt, _ in self._silent("training").pairs())
        return held_out(prompts, self._settings.validation.fraction, self._model.family, leaders)

    def _convert(self, held: HeldOut | None) -> None:
        if held:
            self._judged("training").convert(self._training, self._validation, held.takes)
        else:
            self._judged("training").convert(self._training)
            if "validation" in self._sources:
                self._judged("validation").convert(self._validation)

    def _check_files(self, held: HeldOut | None) -> None:
        training, validation = self._training, self._validation
        name = self._sources["training"].name
        if not any(done.unreadable for done in self._passes.values()):
            # A refused record counts: once it is mended it is there.
            records = training.records + self._passes["training"].refused
            judged = self._passes.get("validation")
            refused = judged.refused if judged else 0
            others = validation.records + refused + self._to_generate
            counts: dict[Role, int] = {"training": records, "validation": others}
            for flaw in record_counts(self._model, counts, held_out=held is not None):
                self._findings.at(name, None, flaw)
        for flaw in (
            *file_bytes(self._model, "training", training.bytes),
            *file_bytes(self._model, "validation", validation.bytes),
        ):
            self._findings.at(name, None, flaw)
        if not (self._evaluation.records or self._to_generate or self._findings.errors):
            flaw = Flaw("record-count", "there is no evaluation question.", "Upload an evaluation file.")
            self._findings.at(name, None, flaw)

    def _summary(self, held: HeldOut | None, studied: Studied) -> dict[str, Any]:
        evaluation_from: Literal["file", "validation"] = "file" if "evaluation" in self._sources else "validation"
        return {
            "training_records": self._training.records,
            "validation_records": self._validation.records,
            "evaluation_records": self._evaluation.records,
            "training_tokens": self._tokens(self._training),
            "validation_tokens": self._tokens(self._validation),
            "evaluation_tokens": self._tokens(self._evaluation),
            "tokens_are": f"estimated at {self._model.family.characters_per_token:g} characters each",
            "training_bytes": self._training.bytes,
            "validation_bytes": self._validation.bytes,
            "validation_from": self._validation_from(held),
            "evaluation_from": evaluation_from,
            "record_format": self._model.family.record_format,
            "study": studied.summary,
            "verdict": verdict(self._findings),
            "files": [
                {"role": role, "key": self._sources[role].name, "fields": done.fields}
                for role, done in self._passes.items()
            ],
        }

    def _validation_from(self, held: HeldOut | None) -> str:
        if self._to_generate:
            return f"to be {GENERATED_FROM}"
        return "held out" if held else GENERATED_FROM if self._generated else "file"

    def _tokens(self, output: Output) -> int:
        """What the files are charged for, by the family's estimate; rounded up, once for all records."""
        return math.ceil(output.characters / self._model.family.characters_per_token)
