"""BERTScore's encoder as an object in S3: a tar file, unpacked into the function's /tmp when it is needed first."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ReadTimeoutError, ResponseStreamingError

from tuner.aws.clients import client
from tuner.aws.error_mapping import translated
from tuner.core.errors import EvaluationError, RetryableError
from tuner.evaluation.encoder.files import MANIFEST, file_digest, open_encoder

if TYPE_CHECKING:
    from tuner.evaluation.encoder.embedding import Encoder


@dataclass(frozen=True)
class EncoderObject:
    """`digest` is the SHA-256 of the manifest in the archive, which names those of all other files."""

    bucket: str
    key: str
    digest: str

    @property
    def identity(self) -> str:
        """The manifest's digest."""
        return self.digest

    def load(self) -> Encoder:
        """The encoder, read once per execution environment.

        Raises RetryableError when the download breaks off, EvaluationError when it is not what was deployed.
        """
        folder = Path(tempfile.gettempdir()) / f"encoder-{self.digest}"
        if not folder.is_dir():
            self._fetch(folder)
        return open_encoder(folder)

    def _fetch(self, folder: Path) -> None:
        """Streams the archive, so that it is on the disk only once, and puts the folder in place when it is whole."""
        partial = Path(tempfile.mkdtemp(prefix="encoder-", dir=folder.parent))
        try:
            self._unpack(partial)
            if file_digest(partial / MANIFEST) != self.digest:
                raise EvaluationError(
                    f"s3://{self.bucket}/{self.key}: the encoder is not the one that was deployed: the SHA-256 of its "
                    f"{MANIFEST} differs from the function's ENCODER_SHA256. Deploy again."
                )
            try:
                partial.rename(folder)
            except OSError:  # another process on this machine was faster, as on the local cloud
                if not folder.is_dir():
                    raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _unpack(self, folder: Path) -> None:
        address = f"s3://{self.bucket}/{self.key}"
        with translated(f"read {address}"):
            body = client("s3").get_object(Bucket=self.bucket, Key=self.key)["Body"]
        try:
            with tarfile.open(fileobj=body, mode="r|") as archive:
                archive.extractall(folder, filter="data")
        except (ReadTimeoutError, ResponseStreamingError) as error:
            raise RetryableError(f"{address}: the download of the encoder broke off: {error}") from error
        except (tarfile.TarError, OSError) as error:
            raise EvaluationError(f"{address}: the encoder cannot be unpacked: {error}. Deploy again.") from error
