"""Finds and checks BERTScore's encoder: a folder with the exported model, its tokenizer and a manifest.

`python3 -m stacks.build` exports the encoder. The same code reads it on AWS, on the local cloud and in
`tuner evaluate`. Only the scoring function loads the libraries that run it (NumPy, ONNX Runtime).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from tuner.catalog.encoders import PACKAGED
from tuner.core.errors import EvaluationError
from tuner.evaluation.encoder.manifest import MANIFEST, EncoderManifest

if TYPE_CHECKING:
    from tuner.evaluation.encoder.embedding import Encoder

# Where `python3 -m stacks.build` puts the encoders of this checkout.
BUILT = Path(__file__).resolve().parents[3] / "build" / "encoders"


@dataclass(frozen=True)
class BuiltEncoder:
    """An encoder on this machine, by its name or its folder."""

    name: str = PACKAGED

    @property
    def identity(self) -> str:
        """The encoder's name."""
        return self.name

    def load(self) -> Encoder:
        """Opens the encoder. Raises EvaluationError when it does not exist."""
        return open_encoder(self.folder())

    def folder(self) -> Path:
        """The encoder's folder. Raises EvaluationError when it does not exist."""
        folder = next(
            (path for path in (Path(self.name), BUILT / slug(self.name)) if (path / MANIFEST).is_file()), None
        )
        if folder is None:
            raise EvaluationError(
                f"bertscore: the encoder '{self.name}' is not on this machine. In a checkout, "
                f"`python3 -m stacks.build bertscore_model={self.name}` builds it. Elsewhere, name the folder of a "
                "built encoder with --encoder, or choose other metrics with --metric."
            )
        return folder


class EncoderArchive(Protocol):
    """An archive with an encoder, such as an object in S3."""

    def unpack(self, manifest: str, digest: str) -> Path:
        """Unpacks the files into a folder and returns it. The SHA-256 of the file `manifest` must be `digest`."""


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
        """Opens the encoder. Raises EvaluationError when the archive is not the deployed one."""
        return open_encoder(self.archive.unpack(MANIFEST, self.digest))


def slug(name: str) -> str:
    """The name of the folder for a model's name."""
    return name.replace("/", "--")


@cache
def open_encoder(folder: Path) -> Encoder:
    """Opens the encoder in a folder, once per process. Raises EvaluationError when a file is not the exported one."""
    try:
        manifest = EncoderManifest.model_validate_json((folder / MANIFEST).read_bytes())
        changed = [name for name, digest in manifest.files.items() if file_digest(folder / name) != digest]
    except (OSError, ValidationError) as error:
        raise EvaluationError(f"{folder}: the encoder cannot be read: {error}. Build it again.") from None
    if changed:
        raise EvaluationError(
            f"{folder}: {', '.join(changed)} is not the file that was built: its SHA-256 is not that in {MANIFEST}. "
            "Delete the folder and build the encoder again."
        )
    # Loads NumPy and ONNX Runtime, which only the scoring function has.
    from tuner.evaluation.encoder.embedding import Encoder

    return Encoder(manifest, folder)


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
