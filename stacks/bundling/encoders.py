"""Selects the encoder of a deployment, finds its built files and sizes the scoring function. Does not import torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from tuner.catalog.encoders import EncoderEntry, encoders, is_folder
from tuner.evaluation.encoder.files import BUILT, slug
from tuner.evaluation.encoder.manifest import MANIFEST, EncoderManifest
from tuner.settings import DeploymentSettings

_MIB = 2**20
# Measured (docs/evaluation.md): memory of the runtime and of one shard's batches, in addition to the weights.
_SMALL_ENCODER = 200 * _MIB
LARGEST_ENCODER = 2_000 * _MIB


@dataclass(frozen=True)
class Wanted:
    """An encoder as the settings specify it: all inputs of its build."""

    model: str
    layer: int
    revision: str
    languages: tuple[str, ...]
    baselines: tuple[tuple[str, float], ...]
    repository: str
    package: str | None

    @property
    def name(self) -> str:
        """The name that the report shows."""
        return Path(self.model).name if is_folder(self.model) else self.model

    @property
    def folder(self) -> Path:
        """The folder that it is built in."""
        return BUILT / slug(self.name)

    @property
    def archive(self) -> Path:
        """The tar file of the folder, which is uploaded."""
        return self.folder.with_name(f"{self.folder.name}.tar")


def wanted(settings: DeploymentSettings) -> Wanted:
    """The encoder that the deployment's settings specify."""
    name, entry = settings.bertscore_model, encoders().get(settings.bertscore_model)
    known = entry or EncoderEntry(layer=settings.bertscore_layer or 0, languages=())
    layer = settings.bertscore_layer or known.layer
    return Wanted(
        model=name,
        layer=layer,
        revision=settings.bertscore_revision or known.revision or "folder",
        languages=known.languages,
        # A baseline of bert-score is valid for one layer only. The catalog has those of the recommended layer.
        baselines=tuple(known.baselines.items()) if layer == known.layer else (),
        repository=known.repository or name,
        package=known.package,
    )


def built(asked: Wanted) -> EncoderManifest | None:
    """The manifest of the built encoder, or None if it is missing or was built from other settings."""
    try:
        manifest = EncoderManifest.model_validate_json((asked.folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None
    same = (manifest.name, manifest.layer, manifest.revision) == (asked.name, asked.layer, asked.revision)
    return manifest if same and asked.archive.is_file() else None


def manifest_digest(asked: Wanted) -> str:
    """SHA-256 of the manifest, which contains the digests of all other files."""
    return hashlib.sha256((asked.folder / MANIFEST).read_bytes()).hexdigest()


@dataclass(frozen=True)
class Needs:
    """Memory and storage of the scoring function in MiB."""

    memory: int
    storage: int


def needs(archive: Path) -> Needs:
    """Sizes the scoring function by the size of the archive. New accounts are limited to 3,008 MB per function."""
    size = archive.stat().st_size
    return Needs(1024 if size <= _SMALL_ENCODER else 3008, max(512, 256 + size // _MIB))


def is_too_large(archive: Path) -> bool:
    """Whether the encoder does not fit into the memory of a function in a new account."""
    return archive.stat().st_size > LARGEST_ENCODER
