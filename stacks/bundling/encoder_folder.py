"""Builds the folder and the archive of an encoder."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from stacks.bundling import encoder_export, packaged_encoder
from stacks.bundling.encoders import Wanted
from tuner.evaluation.encoder.manifest import MANIFEST, EncoderManifest


def make(asked: Wanted) -> EncoderManifest:
    """Builds the encoder in a temporary folder and renames it at the end, so that no partial encoder is used.

    Raises BuildError, or ImportError if a package is not installed.
    """
    partial = asked.folder.with_name(f"{asked.folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    write = packaged_encoder.write if packaged_encoder.is_whole(asked) else encoder_export.write
    manifest = write(partial, asked)
    (partial / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")
    shutil.rmtree(asked.folder, ignore_errors=True)
    _archive(partial, asked.archive)
    partial.rename(asked.folder)
    return manifest


def _archive(folder: Path, target: Path) -> None:
    """Writes the folder as a reproducible tar file: without times, owners and modes."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode = 0, 0, 0, "", "", 0o644
        return entry

    with tarfile.open(target, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name, filter=plain)
