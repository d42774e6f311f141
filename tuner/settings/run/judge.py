"""Settings of the models that grade answers: `judge`, and `bertscore`, which has the encoder of BERTScore."""

from __future__ import annotations

from pydantic import Field, model_validator

from tuner.core.strict_model import StrictModel


class JudgeSettings(StrictModel):
    """The model that grades the answers."""

    model: str | None = Field(None, description="model id or inference profile; by default the deployment's judge")
    models: tuple[str, ...] = Field(
        (),
        max_length=5,
        description="instead of `model`, up to five judges that grade every answer; the mean of their grades counts",
    )
    max_tokens: int = Field(1024, ge=64, le=8192, description="maximum length of a grade with its reasons, in tokens")
    temperature: float = Field(0.0, ge=0, le=1, description="sent only to models that accept it")
    top_p: float | None = Field(None, gt=0, le=1, description="if given, sent instead of the temperature")
    attempts: int = Field(3, ge=1, le=10, description="maximum number of requests for a well-formed grade")

    @property
    def named(self) -> tuple[str, ...]:
        """The judges that the settings name; none for the deployment's judge."""
        return self.models or ((self.model,) if self.model else ())

    @model_validator(mode="after")
    def _names_judges_once(self) -> JudgeSettings:
        if self.model and self.models:
            raise ValueError("has both model and models; name all judges in models and remove model")
        return self


class BertScoreSettings(StrictModel):
    """The encoder of BERTScore."""

    model: str | None = Field(None, description="encoder; in a run only the deployment's, which is the default")
    layer: int | None = Field(
        None, ge=1, le=48, description="hidden layer; in a run only the deployed encoder's, which is the default"
    )
