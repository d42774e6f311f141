"""`run.json`: what a run was pinned to."""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from tuner import catalog
from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.evaluation.contestants import MAIN_CONTESTANTS, Contestant, ContestantName
from tuner.artifacts.training import TrainingSummary
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError
from tuner.core.run import DataRole, Role, generated_roles
from tuner.core.strict_model import read_from_artifact
from tuner.settings import RunSettings

WrittenSettings = Annotated[RunSettings, BeforeValidator(partial(read_from_artifact, RunSettings))]
"""The settings of a run in an artifact. Unlike those of run.yaml, they may have members that are not known."""


class PinnedInput(Part):
    """One object of a dataset at one version: it cannot change under the run."""

    role: Role
    key: str
    version_id: str
    size: int = Field(ge=0)
    sha256: str


class UnusedFile(Part):
    """A file in the dataset's folder that looks like a part of it, and that the run does not use."""

    name: str
    rule: str
    message: str
    remedy: str


class Customization(Part):
    """One customization of the dataset: the only one of its run, or a candidate, which has a number."""

    number: int | None = None
    base_model: str
    hyperparameters: dict[str, str]
    resource_name: str = Field(description="name of the customization job and of the custom model")

    @property
    def under(self) -> str:
        """The part of the run's folder that has its training artifacts."""
        return Keys.candidate(self.number) if self.number else ""


class Manifest(Artifact):
    """`run.json`: everything that decides what a run does, written once, by its first step."""

    NAME: ClassVar[str] = Keys.MANIFEST

    run_id: str
    dataset: str
    execution_arn: str
    started_at: str
    data_bucket: str
    inputs: tuple[PinnedInput, ...]
    unused_files: tuple[UnusedFile, ...] = ()
    settings: WrittenSettings
    base_model: str
    base_endpoint: str
    base_model_name: str
    judge_model: str
    scorer_function: str | None = None
    hyperparameters: dict[str, str]
    resource_name: str
    base_model_names: dict[str, str] = Field(
        default_factory=dict,
        description="names of the base models by their ids, when the candidates have several; absent otherwise",
        exclude_if=lambda names: not names,
    )
    contestants: tuple[Contestant, ...] = Field(
        MAIN_CONTESTANTS, description="who answers the evaluation questions; base and tuned model are always there"
    )
    candidates: tuple[Customization, ...] = Field(
        (),
        description="several customizations, of which one is chosen; absent when the run has only one",
        exclude_if=lambda candidates: not candidates,
    )
    versions: dict[str, str]

    @property
    def customizations(self) -> tuple[Customization, ...]:
        """What the run trains: its candidates, or its only customization."""
        only = Customization(
            base_model=self.base_model, hyperparameters=self.hyperparameters, resource_name=self.resource_name
        )
        return self.candidates or (only,)

    @property
    def base_models(self) -> tuple[str, ...]:
        """The base models that the run customizes, in the order of its candidates."""
        return tuple(dict.fromkeys(each.base_model for each in self.customizations))

    def after_choice(self, summary: TrainingSummary | None) -> Manifest:
        """The manifest with the base model of the chosen candidate; without a choice, as it is."""
        base_model = summary.chosen_base_model if summary else None
        if base_model in (None, self.base_model):
            return self
        endpoint = catalog.model(base_model).base_endpoint
        name = self.base_model_names.get(base_model, self.base_model_name)
        return self.model_copy(update={"base_model": base_model, "base_endpoint": endpoint, "base_model_name": name})

    @property
    def contestant_names(self) -> tuple[ContestantName, ...]:
        """The names of the contestants, in the order of tables."""
        return tuple(each.name for each in self.contestants)

    def contestant(self, name: ContestantName) -> Contestant:
        """The contestant of this name. Raises ArtifactError when the run has none."""
        for each in self.contestants:
            if each.name == name:
                return each
        known = ", ".join(self.contestant_names)
        raise ArtifactError(f"{self.run_id}: the run has no contestant '{name}'; it has: {known}.")

    def for_contestant(self, contestant: Contestant) -> Manifest:
        """The manifest with the settings by which the contestant is asked."""
        return self.model_copy(update={"settings": self.settings.for_model(contestant.model)})

    def inputs_of(self, role: Role) -> tuple[PinnedInput, ...]:
        """The pinned inputs that are there for `role`."""
        return tuple(entry for entry in self.inputs if entry.role == role)

    @property
    def asks_guard(self) -> bool:
        """Whether the run asks guard questions: packaged ones, or the dataset's own."""
        return bool(self.settings.evaluation.guard or self.inputs_of("guard"))

    @property
    def generated_roles(self) -> tuple[DataRole, ...]:
        """The roles of the data that is to be made from documents: they are there, and it is not."""
        roles = {entry.role for entry in self.inputs}
        return generated_roles(roles, self.settings.generate.count, self.settings.serving != "none")

    @property
    def generates(self) -> bool:
        """Whether data is to be made from documents."""
        return bool(self.generated_roles)

    @property
    def judge_models(self) -> tuple[str, ...]:
        """The models that grade the answers."""
        return self.settings.judge.models or (self.judge_model,)

    @property
    def generator_model(self) -> str:
        """The model that makes data from documents."""
        return self.settings.generate.model or self.judge_model
