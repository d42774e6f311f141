"""Every model that had a part in a run, by its real name; what stands in for something says so."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Generated, Models, NamedModel, ServingEndpoint
from tuner.artifacts.scores import BertScoreDetails, JudgeDetails, Scores
from tuner.artifacts.training import TrainingSummary

# How everything that stands in for something on the local cloud calls itself.
_STAND_IN = "stand-in"


def named_models(
    manifest: Manifest | None,
    training: TrainingSummary | None,
    serving: ServingEndpoint | None,
    scores: Scores | None,
    generated: Generated | None = None,
) -> Models:
    """The models that the run got as far as using."""
    base = tuned = None
    if manifest:
        base = _named(manifest.base_model, manifest.base_model_name)
    if training and training.custom_model_arn:
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


def stand_ins(models: Models) -> Iterator[str]:
    """What stood in, each with the part it had."""
    for role, model in (
        ("base model", models.base),
        ("validation data", models.generator),
        ("judge", models.judge),
        ("BERTScore encoder", models.bertscore),
    ):
        if model and model.stand_in:
            yield f"{role}: {shown(model)}"


def shown(model: NamedModel) -> str:
    """The model's name in a sentence; a stand-in says what it stands in for, where its name does not."""
    name = model.name or model.id or "a model without a name"
    if not model.stand_in or _STAND_IN in name.lower():
        return name
    return f"{name}, a stand-in for {model.id}" if model.name and model.id else f"a stand-in for {name}"
