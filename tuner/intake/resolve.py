"""Settles what a run asks for against what its deployment allows: every finding at once, before any spend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tuner import catalog
from tuner.catalog.encoders import encoders
from tuner.core.errors import CommitmentNotAllowedError, ModelUnavailableError, RunRefusedError, SettingsError
from tuner.settings import DeploymentSettings, RunSettings, load

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A run's settings with the deployment's defaults filled in."""

    settings: RunSettings
    model: catalog.Model
    judge_model: str
    hyperparameters: dict[str, str]


def resolve(document: Mapping[str, Any], deployment: DeploymentSettings, where: str = "run.yaml") -> Resolved:
    """The settings in a run's document.

    Raises one RunRefusedError with every finding, one per line: of the finding's own class when there is one class of
    findings, a SettingsError otherwise. The settings that can be read are checked even when others cannot.
    """
    findings: list[RunRefusedError] = []

    def attempt(check: Callable[[], T]) -> T | None:
        try:
            return check()
        except RunRefusedError as error:
            findings.append(error)
            return None

    settings = attempt(lambda: load(RunSettings, document, where)) or _readable(document)
    model = attempt(lambda: _model(settings, deployment, where))
    hyperparameters = attempt(lambda: _hyperparameters(model, settings, where)) if model else None
    attempt(lambda: _check_serving(settings, model, where))
    attempt(lambda: _check_commitment(settings, deployment, where))
    attempt(lambda: _check_keeping(settings, deployment, where))
    attempt(lambda: _check_budget(settings, deployment, where))
    attempt(lambda: _check_encoder(settings, deployment, where))
    judge_model = attempt(lambda: _judge("judge", settings.judge.model, deployment, where))
    attempt(lambda: _judge("generate", settings.generate.model, deployment, where))
    if findings or model is None or hyperparameters is None or judge_model is None:
        raise _together(findings)
    return Resolved(_served(settings, model), model, judge_model, hyperparameters)


def _readable(document: Mapping[str, Any]) -> RunSettings:
    """The settings among `document` that are right by themselves."""

    def reads(key: str) -> bool:
        try:
            load(RunSettings, {key: document[key]}, "")
        except SettingsError:
            return False
        return True

    return load(RunSettings, {key: value for key, value in document.items() if reads(key)}, "")


def _model(settings: RunSettings, deployment: DeploymentSettings, where: str) -> catalog.Model:
    try:
        model = catalog.model(settings.base_model or deployment.base_model)
    except ModelUnavailableError as error:
        raise ModelUnavailableError(f"{where}: {error}") from error
    # What the deployment's roles may tune; a retired model is refused by the account itself, with what replaces it.
    if deployment.region not in model.regions and not model.retired:
        here = [entry.id for entry in catalog.models() if deployment.region in entry.regions and not entry.retired]
        raise ModelUnavailableError(
            f"{where}: base_model: {model.name} can be tuned in {', '.join(model.regions)}, and this deployment is in "
            f"{deployment.region}. Tunable here: {', '.join(here) or 'none'}."
        )
    return model


def _hyperparameters(model: catalog.Model, settings: RunSettings, where: str) -> dict[str, str]:
    """All but the warm-up that AWS recommends by the number of records: how many there are is not known yet."""
    found = catalog.check_hyperparameters(model, settings.hyperparameters, where)
    if model.warmup_divisor and catalog.WARMUP not in settings.hyperparameters:
        del found[catalog.WARMUP]
    return found


def _served(settings: RunSettings, model: catalog.Model) -> RunSettings:
    """`serving: auto` becomes what costs nothing while it waits, where the model allows it. A term is throughput's."""
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
            f"{where}: commitment: is provisioned throughput's, and the run says 'serving: {settings.serving}'. "
            "Take one of them out."
        )


def _check_keeping(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    if not settings.keep_hours:
        return
    if settings.serving == "none":
        raise SettingsError(f"{where}: keep_hours: 'serving: none' has no endpoint to keep. Take one of them out.")
    if settings.keep_hours > deployment.longest_keep_hours:
        allowed = f"{deployment.longest_keep_hours:g} hours at most" if deployment.longest_keep_hours else "no hour"
        raise SettingsError(
            f"{where}: keep_hours: {settings.keep_hours:g} hours, and the deployment lets a run keep its endpoint for "
            f"{allowed}. Lower it, or have the deployment's 'longest_keep_hours' raised."
        )


def _check_commitment(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    if settings.commitment and settings.commitment not in deployment.commitments:
        allowed = ", ".join(deployment.commitments) or "none"
        raise CommitmentNotAllowedError(
            f"{where}: commitment: '{settings.commitment}' cannot be undone before its term ends, and the deployment "
            f"does not allow it (it allows: {allowed}). Leave the key out to pay by the hour, or have the deployment's "
            "'commitments' changed."
        )
    if settings.commitment and not settings.gate:
        raise SettingsError(
            f"{where}: commitment: is bought once the gate has accepted the model, and the run has no gate. Give it "
            "one ('gate: {correctness: {better_than: base}}'), or take the commitment out."
        )
    if settings.commitment and settings.keep_hours:
        raise SettingsError(
            f"{where}: commitment: serves the accepted model from then on; keep_hours keeps the hourly endpoint that "
            "it was evaluated with. Take one of them out."
        )


def _check_encoder(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    """The encoder is built with the deployment: a run cannot bring another."""
    asked, has = settings.bertscore, deployment.bertscore_model
    if asked.model not in (None, has):
        raise SettingsError(
            f"{where}: bertscore.model: the deployment scores with '{has}', and not with '{asked.model}'. Leave the "
            "key out, or have the deployment's 'bertscore_model' changed."
        )
    layer = deployment.bertscore_layer or encoders()[has].layer
    if asked.layer not in (None, layer):
        raise SettingsError(
            f"{where}: bertscore.layer: the deployment's encoder is built with its layer {layer}, and not "
            f"{asked.layer}. Leave the key out, or have the deployment's 'bertscore_layer' changed."
        )


def _check_budget(settings: RunSettings, deployment: DeploymentSettings, where: str) -> None:
    if settings.budget_usd and settings.budget_usd > deployment.budget_usd:
        raise SettingsError(
            f"{where}: budget_usd: {settings.budget_usd:g} is over the deployment's {deployment.budget_usd:g}. "
            "Lower it, or have the deployment's 'budget_usd' raised."
        )


def _judge(key: str, wanted: str | None, deployment: DeploymentSettings, where: str) -> str:
    asked = wanted or deployment.judge_model
    allowed = (deployment.judge_model, *deployment.judge_models)
    if asked not in allowed:
        raise SettingsError(
            f"{where}: {key}.model: the deployment may not ask '{asked}'. Use one of: {', '.join(allowed)}; or have it "
            "added to the deployment's 'judge_models'."
        )
    return asked


def _together(findings: list[RunRefusedError]) -> RunRefusedError:
    kinds = {type(finding) for finding in findings}
    kind = kinds.pop() if len(kinds) == 1 else SettingsError
    return kind("\n".join(str(finding) for finding in findings))
