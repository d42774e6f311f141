"""Where BERTScore's encoder is: a folder with the exported model, its tokenizer and a manifest.

`python3 -m stacks.build` exports it. The same code reads it on AWS, on the local cloud and in `tuner evaluate`. What
runs it (NumPy, ONNX Runtime) is loaded by the function that scores, and by no other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from tuner.catalog.encoders import PACKAGED
from tuner.core.errors import EvaluationError

if TYPE_CHECKING:
    from tuner.evaluation.encoder.embedding import Encoder

MANIFEST, MODEL, TOKENIZER = "manifest.json", "model.onnx", "tokenizer.json"
BUILT = Path(__file__).resolve().parents[3] / "build" / "encoders"
"""Where `python3 -m stacks.build` puts the encoders of this checkout."""


class EncoderManifest(BaseModel):
    """What an exported encoder is. `languages` are ISO 639 codes, `*` for a multilingual model, none if not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    name: str
    revision: str
    layer: int
    languages: tuple[str, ...]
    baselines: dict[str, float]
    longest: int
    """Tokens of the longest text; the rest of a longer one is cut off."""
    padding: int
    silent: tuple[int, ...]
    """Tokens that mark the beginning and end of a text. They can be matched, and weigh nothing."""
    added: int
    """How many tokens the tokenizer adds to every text."""
    largest_difference: float
    """Between the vectors of the exported and the original model, when it was built."""
    files: dict[str, str]
    """SHA-256 by file."""

    def knows(self, language: str) -> bool:
        """Whether the model was trained on this language, as far as both are known."""
        return not language or not self.languages or bool({"*", language.partition("-")[0]} & set(self.languages))


class EncoderSource(Protocol):
    """Where an encoder comes from. `identity` differs when its scores may."""

    @property
    def identity(self) -> str: ...
    def load(self) -> Encoder: ...


@dataclass(frozen=True)
class BuiltEncoder:
    """An encoder that this machine has: by its name, or the folder that it is in."""

    name: str = PACKAGED

    @property
    def identity(self) -> str:
        """The encoder's name."""
        return self.name

    def load(self) -> Encoder:
        """The encoder. Raises EvaluationError when it is not there."""
        return open_encoder(self.folder())

    def folder(self) -> Path:
        """The encoder's folder. Raises EvaluationError when it is not there."""
        folder = next(
            (path for path in (Path(self.name), BUILT / slug(self.name)) if (path / MANIFEST).is_file()), None
        )
        if folder is None:
            raise EvaluationError(
                f"bertscore: the encoder '{self.name}' is not on this machine. In a checkout, "
                f"`python3 -m stacks.build bertscore_model={self.name}` builds it; elsewhere, name the folder of a "
                "built one with --encoder, or the metrics to use without BERTScore with --metric."
            )
        return folder


class EncoderArchive(Protocol):
    """An archive with an encoder, somewhere else."""

    def unpack(self, manifest: str, digest: str) -> Path:
        """The folder with its files, once the SHA-256 of `manifest` is known to be `digest`."""
        ...


@dataclass(frozen=True)
class DeployedEncoder:
    """The encoder that was deployed with the functions. `digest` is the SHA-256 of its manifest."""

    archive: EncoderArchive
    digest: str

    @property
    def identity(self) -> str:
        """The manifest's digest."""
        return self.digest

    def load(self) -> Encoder:
        """The encoder. Raises EvaluationError when the archive is not the deployed one."""
        return open_encoder(self.archive.unpack(MANIFEST, self.digest))


def slug(name: str) -> str:
    """A model's name as the name of a folder."""
    return name.replace("/", "--")


@cache
def open_encoder(folder: Path) -> Encoder:
    """The encoder in a folder, opened once per process. Raises EvaluationError when its files are not the exported."""
    try:
        manifest = EncoderManifest.model_validate_json((folder / MANIFEST).read_bytes())
        changed = [name for name, digest in manifest.files.items() if file_digest(folder / name) != digest]
    except (OSError, ValidationError) as error:
        raise EvaluationError(f"{folder}: the encoder cannot be read: {error}. Build it again.") from None
    if changed:
        raise EvaluationError(
            f"{folder}: {', '.join(changed)} is not the file that was built: its SHA-256 differs from {MANIFEST}'s. "
            "Delete the folder and build the encoder again."
        )
    from tuner.evaluation.encoder.embedding import Encoder

    return Encoder(manifest, folder)


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
