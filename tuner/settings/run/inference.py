"""Settings of the requests to the compared models: `inference`."""

from __future__ import annotations

from pydantic import Field

from tuner.core.strict_model import StrictModel

# Twice as many as the mean token of English has, so that ordinary answers are read whole.
_BYTES_READ_PER_TOKEN = 8


class InferenceSettings(StrictModel):
    """Inference parameters of both models. Temperature 0 makes the comparison as repeatable as possible."""

    max_tokens: int = Field(512, ge=1, le=8192, description="maximum length of an answer, in tokens")
    temperature: float | None = Field(
        0.0,
        ge=0,
        le=1,
        description="sampling temperature; 0 makes answers as repeatable as the model allows, and null sends none",
    )
    top_p: float | None = Field(None, gt=0, le=1, description="sent only if given")
    stop_sequences: tuple[str, ...] = Field((), max_length=4, description="texts that end an answer")

    @property
    def longest_answer_bytes(self) -> int:
        """The most bytes of an answer that the judge reads, with the characters &, < and > escaped.

        A token of an answer can be a long text, such as a run of spaces, of which the judge's tokenizer makes many
        tokens. Without a limit, the cost of reading the answers would have none.
        """
        return self.max_tokens * _BYTES_READ_PER_TOKEN
