"""Where metrics get BERTScore's encoder from. Importing this module needs none of the libraries that run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tuner.evaluation.encoder.embedding import Encoder


class EncoderSource(Protocol):
    """A place that an encoder is loaded from. Sources whose scores can differ have different identities."""

    @property
    def identity(self) -> str: ...
    def load(self) -> Encoder: ...


class NoEncoder:
    """The source of steps that compute no BERTScore."""

    identity = "none"

    def load(self) -> Encoder:
        """Raises TypeError: the caller's code is wrong."""
        raise TypeError("A step without the libraries of the encoder computes no BERTScore.")
