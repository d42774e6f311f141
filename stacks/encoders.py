"""Which encoder the deployment scores with, and where the built one is. Nothing here imports torch."""

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
# Measured (docs/evaluation.md): the runtime and the batches of a shard, beside the weights, which are in memory once.
_SMALL_ENCODER = 200 * _MIB
LARGEST_ENCODER = 2_000 * _MIB


@dataclass(frozen=True)
class Wanted:
    """An encoder as the settings name it: everything that decides what is built."""

    model: str
    layer: int
    revision: str
    languages: tuple[str, ...]
    baselines: tuple[tuple[str, float], ...]
    repository: str
    package: str | None

    @property
    def name(self) -> str:
        """What the report calls it."""
        return Path(self.model).name if is_folder(self.model) else self.model

    @property
    def folder(self) -> Path:
        """Where it is built."""
        return BUILT / slug(self.name)

    @property
    def archive(self) -> Path:
        """What is uploaded: the folder as a tar file."""
        return self.folder.with_name(f"{self.folder.name}.tar")


def wanted(settings: DeploymentSettings) -> Wanted:
    """The encoder that the deployment asks for."""
    name, entry = settings.bertscore_model, encoders().get(settings.bertscore_model)
    known = entry or EncoderEntry(layer=settings.bertscore_layer or 0, languages=())
    layer = settings.bertscore_layer or known.layer
    return Wanted(
        model=name,
        layer=layer,
        revision=settings.bertscore_revision or known.revision or "folder",
        languages=known.languages,
        # The library's baselines are of a layer each; the catalog has those of the best.
        baselines=tuple(known.baselines.items()) if layer == known.layer else (),
        repository=known.repository or name,
        package=known.package,
    )


def built(asked: Wanted) -> EncoderManifest | None:
    """The manifest of the encoder, if it is built as asked for."""
    try:
        manifest = EncoderManifest.model_validate_json((asked.folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None
    same = (manifest.name, manifest.layer, manifest.revision) == (asked.name, asked.layer, asked.revision)
    return manifest if same and asked.archive.is_file() else None


def manifest_digest(asked: Wanted) -> str:
    """SHA-256 of the manifest, which names those of all other files."""
    return hashlib.sha256((asked.folder / MANIFEST).read_bytes()).hexdigest()


@dataclass(frozen=True)
class Needs:
    """What the scoring function needs for its encoder, in MiB."""

    memory: int
    storage: int


def needs(archive: Path) -> Needs:
    """By the archive's size: new accounts get functions of at most 3,008 MB."""
    size = archive.stat().st_size
    return Needs(1024 if size <= _SMALL_ENCODER else 3008, max(512, 256 + size // _MIB))


def is_too_large(archive: Path) -> bool:
    """Whether the encoder does not fit into the memory of a function in a new account."""
    return archive.stat().st_size > LARGEST_ENCODER
