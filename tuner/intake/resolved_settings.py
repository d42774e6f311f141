"""Resolves a run's settings against its deployment: fills in defaults and reports all problems, before any spending."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tuner import catalog
from tuner.catalog.encoders import encoders
from tuner.core.errors import CommitmentNotAllowedError, ModelUnavailableError, RunRefusedError, SettingsError
from tuner.core.strict_model import JsonObject
from tuner.settings import DeploymentSettings, RunSettings, load
from tuner.settings.run.candidates import HyperparameterValue

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ResolvedCandidate:
    """One of several customizations of a run."""

    model: catalog.Model
    hyperparameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A run's settings with the defaults of the deployment. With candidates, `model` is the first one's base model."""

    settings: RunSettings
    model: catalog.Model
    judge_model: str
    hyperparameters: dict[str, str]
    candidates: tuple[ResolvedCandidate, ...] = ()
    """Empty when the run has a single customization."""

    @property
    def trainings(self) -> tuple[tuple[catalog.Model, int], ...]:
        """The base model and the epochs of each customization."""
        all_of_them = self.candidates or (ResolvedCandidate(self.model, self.hyperparameters),)
        return tuple((each.model, int(each.hyperparameters["epochCount"])) for each in all_of_them)


def resolve(document: JsonObject, deployment: DeploymentSettings, where: str = "run.yaml") -> Resolved:
    """Resolves the settings of a run's document.

    Raises one RunRefusedError with all problems, one per line. If they all have the same class, so has the error;
    otherwise it is a SettingsError. Settings that can be read are checked even if others cannot.
    """
    problems: list[RunRefusedError] = []

    def attempt(check: Callable[[], T]) -> T | None:
        try:
            return check()
        except RunRefusedError as error:
            problems.append(error)
            return None

    settings = attempt(lambda: load(RunSettings, document, where)) or valid_settings(document)
    model = attempt(lambda: _model(settings.base_model, deployment, where))
    find = partial(_model, deployment=deployment, where=f"{where}: candidates")
    trained = attempt(partial(customizations, model, settings, find, where)) if model else None
    model = trained[0] if trained else model
    attempt(lambda: _check_serving(settings, model, where))
    attempt(lambda: _check_commitment(settings, deployment, where))
    attempt(lambda: _check_keep_hours(settings, deployment, where))
    attempt(lambda: _check_budget(settings, deployment, where))
    attempt(lambda: _check_encoder(settings, deployment, where))
    judge_model = attempt(lambda: _judges(settings, deployment, where))
    attempt(lambda: _check_scorer(settings, deployment, where))
    attempt(lambda: _check_compared(settings, deployment, where))
    attempt(lambda: _judge("generate.model", settings.generate.model, deployment, where))
    if problems or model is None or trained is None or judge_model is None:
        raise _combined(problems)
    return Resolved(served(settings, model), model, judge_model, *trained[1:])


def valid_settings(document: JsonObject) -> RunSettings:
    """The settings of `document` whose values are valid on their own."""

    def reads(key: str) -> bool:
        try:
            load(RunSettings, {key: document[key]}, "")
        except SettingsError:
            return False
        return True

    return load(RunSettings, {key: value for key, value in document.items() if reads(key)}, "")


def _model(asked: str | None, deployment: DeploymentSettings, where: str) -> catalog.Model:
    try:
        model = catalog.model(asked or deployment.base_model)
    except ModelUnavailableError as error:
        raise ModelUnavailableError(f"{where}: {error}") from error
    # The deployment's roles allow the models of its Region. A retired model is refused later, by the check of the
    # account, which also names the replacement.
    if deployment.region not in model.regions and not model.retired:
        here = [entry.id for entry in catalog.models() if deployment.region in entry.regions and not entry.retired]
        raise ModelUnavailableError(
            f"{where}: base_model: {model.name} can be tuned in {', '.join(model.regions)}, and this deployment is in "
            f"{deployment.region}. Tunable here: {', '.join(here) or 'none'}."
        )
    return model


def customizations(
    model: catalog.Model, settings: RunSettings, find: Callable[[str], catalog.Model], where: str
) -> tuple[catalog.Model, dict[str, str], tuple[ResolvedCandidate, ...]]:
    """The run's base model, its hyperparameters, and its candidates. `find` gets the model with an id.

    Raises SettingsError with every finding, and when two candidates are the same or cannot be compared.
    """
    named = dict.fromkeys(name for entry in settings.candidates for name, _ in entry.each())
    models = {name: find(name) if name else model for name in named}
    candidates = resolved_candidates(models, settings, where)
    first = candidates[0].model if candidates else model
    return first, hyperparameters(first, settings.hyperparameters, where), candidates


def hyperparameters(model: catalog.Model, asked: Mapping[str, HyperparameterValue], where: str) -> dict[str, str]:
    """All hyperparameters except the recommended warm-up, which depends on the number of records, not known yet."""
    found = catalog.check_hyperparameters(model, asked, where)
    if model.warmup_divisor and catalog.WARMUP not in asked:
        del found[catalog.WARMUP]
    return found


def resolved_candidates(
    models: Mapping[str | None, catalog.Model], settings: RunSettings, where: str
) -> tuple[ResolvedCandidate, ...]:
    """The candidates, with base models by the names that the settings have for them.

    Raises SettingsError with every finding, and when two candidates are the same or cannot be compared.
    """
    found: list[ResolvedCandidate] = []
    problems: list[RunRefusedError] = []
    for at, entry in enumerate(settings.candidates):
        try:
            for base_model, each in entry.each():
                asked, model = {**settings.hyperparameters, **each}, models[base_model]
                found.append(ResolvedCandidate(model, hyperparameters(model, asked, f"{where}: candidates.{at}")))
        except SettingsError as error:
            problems.append(error)
    if problems:
        raise _combined(problems)
    for number, candidate in enumerate(found, 1):
        if (first := found.index(candidate) + 1) < number:
            raise SettingsError(
                f"{where}: candidates: the candidates {first} and {number} have the same base model and "
                "hyperparameters, so they would be the same model. Remove one of them."
            )
    if found:
        _refuse_incomparable([each.model for each in found], where)
    return tuple(found)


def _refuse_incomparable(models: Sequence[catalog.Model], where: str) -> None:
    """Candidates are chosen by validation losses, and trained with the same files.

    AWS documents neither the tokens over which a family's loss is a mean, nor its tokenizer. The preflight checks that
    base models of one family split text into the same tokens.
    """
    first = models[0]
    for other in models:
        if other.family.name != first.family.name or other.tokens_per_record != first.tokens_per_record:
            raise SettingsError(
                f"{where}: candidates: {first.name} and {other.name} are of different families, so their validation "
                "losses cannot be compared to choose one of them. Train them in runs of their own, "
                "and compare these ('tuner compare --help'), or use 'compare_with: [best]'."
            )


def served(settings: RunSettings, model: catalog.Model) -> RunSettings:
    """Replaces `serving: auto`: on demand if the model allows it, because an idle deployment then costs nothing.

    A commitment always means provisioned throughput.
    """
    if settings.serving != "auto":
        return settings
    on_demand = model.family.on_demand_deployment and not settings.commitment
    chosen = "on_demand" if on_demand else "provisioned"
    return settings.model_copy(update={"serving": chosen})


def _check_serving(settings: RunSettings, model: catalog.Model | None, where: str) -> None:
    if settings.serving == "on_demand" and model and not model.family.on_demand_deployment:
        raise SettingsError(
            f"{where}: serving: {model.name} cannot be deployed on demand. Use 'provisioned', 'auto' to take what the "
            "model allows, or 'none' to train only."
        )
    if settings.commitment and settings.serving not in {"provisioned", "auto"}:
        raise SettingsError(
            f"{where}: commitment: a commitment needs provisioned throughput, and the run has "
            f"'serving: {settings.serving}'. Remove one of the two."
        )


def _check_keep_hours(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    if not settings.keep_hours:
        return
    if settings.serving == "none":
        raise SettingsError(f"{where}: keep_hours: 'serving: none' has no endpoint to keep. Remove one of the two.")
    if settings.keep_hours > deployment.longest_keep_hours:
        allowed = f"at most {deployment.longest_keep_hours:g} hours" if deployment.longest_keep_hours else "no hours"
        raise SettingsError(
            f"{where}: keep_hours: the run asks for {settings.keep_hours:g} hours, and the deployment allows "
            f"{allowed}. Lower it, or have the deployment's 'longest_keep_hours' raised."
        )


def _check_commitment(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    if settings.commitment and settings.commitment not in deployment.commitments:
        allowed = ", ".join(deployment.commitments) or "none"
        raise CommitmentNotAllowedError(
            f"{where}: commitment: '{settings.commitment}' cannot be cancelled before its term ends, and the "
            f"deployment does not allow it (it allows: {allowed}). Remove the key to pay by the hour, or have "
            "the deployment's 'commitments' changed."
        )
    if settings.commitment and not settings.gate:
        raise SettingsError(
            f"{where}: commitment: it is bought after the gate has accepted the model, and the run has no gate. Add "
            "one ('gate: {correctness: {better_than: base}}'), or remove the commitment."
        )
    if settings.commitment and settings.keep_hours:
        raise SettingsError(
            f"{where}: commitment: keep_hours is set too. A commitment serves the accepted model; keep_hours keeps the "
            "hourly endpoint of the evaluation. Remove one of the two."
        )


def _check_encoder(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    """The encoder is part of the deployment, so a run cannot choose another one."""
    asked, has = settings.bertscore, deployment.bertscore_model
    if asked.model not in (None, has):
        raise SettingsError(
            f"{where}: bertscore.model: the deployment scores with '{has}', not with '{asked.model}'. Remove the "
            "key, or have the deployment's 'bertscore_model' changed."
        )
    layer = deployment.bertscore_layer or encoders()[has].layer
    if asked.layer not in (None, layer):
        raise SettingsError(
            f"{where}: bertscore.layer: the deployment's encoder is built with its layer {layer}, not "
            f"{asked.layer}. Remove the key, or have the deployment's 'bertscore_layer' changed."
        )


def _check_scorer(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    name = settings.scorer.name
    if name and name not in deployment.scorers:
        known = ", ".join(deployment.scorers) or "none"
        raise SettingsError(
            f"{where}: scorer.name: the deployment has no scorer '{name}' (it has: {known}). Name one of them, or have "
            "the ARN of your Lambda function added to the deployment's 'scorers'."
        )


def _check_compared(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    """The roles allow the base models of the Region, and the models of the deployment's settings."""
    base = [each.base_endpoint for each in catalog.models() if deployment.region in each.regions and not each.retired]
    allowed = (*base, *deployment.compared_models)
    for each in settings.compare_with or ():
        if each.model and each.model not in allowed:
            raise SettingsError(
                f"{where}: compare_with: the deployment is not allowed to ask '{each.model}'. Use one of: "
                f"{', '.join(allowed)}; or have it added to the deployment's 'compared_models'."
            )


def _check_budget(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    if settings.budget_usd and settings.budget_usd > deployment.budget_usd:
        raise SettingsError(
            f"{where}: budget_usd: {settings.budget_usd:g} exceeds the deployment's {deployment.budget_usd:g}. "
            "Lower it, or have the deployment's 'budget_usd' raised."
        )


def _judges(settings: RunSettings, deployment: DeploymentSettings, where: str) -> str:
    """The first of the run's judges; all of them are checked."""
    named = settings.judge.models
    if not named:
        return _judge("judge.model", settings.judge.model, deployment, where)
    for each in named:
        _judge("judge.models", each, deployment, where)
    return named[0]


def _judge(key: str, wanted: str | None, deployment: DeploymentSettings, where: str) -> str:
    asked = wanted or deployment.judge_model
    allowed = (deployment.judge_model, *deployment.judge_models)
    if asked not in allowed:
        raise SettingsError(
            f"{where}: {key}: the deployment is not allowed to use '{asked}'. Use one of: {', '.join(allowed)}; "
            "or have it added to the deployment's 'judge_models'."
        )
    return asked


def _combined(problems: list[RunRefusedError]) -> RunRefusedError:
    """One error for all problems. Its class is what the state machine and the console show."""
    classes = {type(problem) for problem in problems}
    error_class = classes.pop() if len(classes) == 1 else SettingsError
    return error_class("\n".join(str(problem) for problem in problems))
