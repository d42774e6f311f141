"""Names the models that a run used, and marks the stand-ins of the local cloud."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.artifacts.evaluation.metric_details import BertScoreDetails, JudgeDetails
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Generated, Models, NamedModel, ServingEndpoint
from tuner.artifacts.training import TrainingSummary

# The names of all stand-ins of the local cloud contain this word.
_STAND_IN = "stand-in"


def named_models(
    manifest: Manifest | None,
    training: TrainingSummary | None,
    serving: ServingEndpoint | None,
    scores: Scores | None,
    generated: Generated | None = None,
) -> Models:
    """The models that the run used until it ended."""
    base = tuned = None
    if manifest:
        base = _named(manifest.base_model, manifest.base_model_name)
    if training and training.custom_model_arn:
        # The tuned model is called by the ARN of its endpoint, not by its own.
        name = training.custom_model_name
        stand_in = bool(base and base.stand_in)
        tuned = NamedModel(id=serving and serving.arn, arn=training.custom_model_arn, name=name, stand_in=stand_in)
    generator = None
    if generated and generated.model:
        generator = NamedModel(id=generated.model, name=generated.name, stand_in=generated.stand_in)
    judge = _judge(scores.judge) if scores and scores.judge else None
    bertscore = _encoder(scores.bertscore) if scores and scores.bertscore else None
    return Models(base=base, tuned=tuned, judge=judge, bertscore=bertscore, generator=generator)


def _named(model_id: str, name: str | None) -> NamedModel:
    return NamedModel(id=model_id, name=name, stand_in=_STAND_IN in (name or "").lower())


def _judge(judge: JudgeDetails) -> NamedModel:
    return NamedModel(id=judge.model, name=judge.name, stand_in=judge.stand_in)


def _encoder(encoder: BertScoreDetails) -> NamedModel:
    return NamedModel(id=encoder.model)


def stand_ins(models: Models, manifest: Manifest | None = None) -> Iterator[str]:
    """The stand-ins, each with its role. The manifest has the models that the run compares with."""
    for role, model in (
        ("base model", models.base),
        ("generated data", models.generator),
        ("judge", models.judge),
        ("BERTScore encoder", models.bertscore),
    ):
        if model and model.stand_in:
            yield f"{role}: {display_name(model)}"
    for contestant in manifest.contestants if manifest else ():
        if contestant.model and (model := _named(contestant.model, contestant.model_name)).stand_in:
            yield f"{contestant.name}: {display_name(model)}"


def display_name(model: NamedModel) -> str:
    """The model's name for a sentence. A stand-in is named with the model that it replaces."""
    name = model.name or model.id or "a model without a name"
    if not model.stand_in or _STAND_IN in name.lower():
        return name
    return f"{name}, a stand-in for {model.id}" if model.name and model.id else f"a stand-in for {name}"
