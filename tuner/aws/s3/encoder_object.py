"""Downloads BERTScore's encoder: a tar archive in S3, unpacked into the function's /tmp on first use."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ReadTimeoutError, ResponseStreamingError

from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.core.errors import EvaluationError, RetryableError


@dataclass(frozen=True)
class EncoderObject:
    """The archive with the encoder that was deployed. Calls: s3:GetObject."""

    bucket: str
    key: str

    def unpack(self, manifest: str, digest: str) -> Path:
        """The folder with the archive's files. An execution environment downloads them once.

        `digest` is the SHA-256 of the file `manifest` in the archive, which in turn lists the digests of all other
        files. Raises RetryableError when the download breaks off, EvaluationError when the archive is not the deployed
        one.
        """
        folder = Path(tempfile.gettempdir()) / f"encoder-{digest}"
        if not folder.is_dir():
            self._fetch(folder, manifest, digest)
        return folder

    def _fetch(self, folder: Path, manifest: str, digest: str) -> None:
        """Unpacks into a temporary folder first, so that `folder` is complete or absent."""
        partial = Path(tempfile.mkdtemp(prefix="encoder-", dir=folder.parent))
        try:
            self._extract(partial)
            if hashlib.sha256((partial / manifest).read_bytes()).hexdigest() != digest:
                raise EvaluationError(
                    f"s3://{self.bucket}/{self.key}: the encoder is not the one that was deployed: the SHA-256 of its "
                    f"{manifest} differs from the function's ENCODER_SHA256. Deploy again."
                )
            try:
                partial.rename(folder)
            except OSError:
                # On the local cloud, several functions share one /tmp: another process may have been faster.
                if not folder.is_dir():
                    raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _extract(self, folder: Path) -> None:
        address = f"s3://{self.bucket}/{self.key}"
        with mapped_errors(f"read {address}"):
            body = client("s3").get_object(Bucket=self.bucket, Key=self.key)["Body"]
        try:
            # "r|" reads the tar as a stream: /tmp never holds the archive and its files at the same time.
            with tarfile.open(fileobj=body, mode="r|") as archive:
                archive.extractall(folder, filter="data")
        except (ReadTimeoutError, ResponseStreamingError) as error:
            raise RetryableError(f"{address}: the download of the encoder broke off: {error}") from error
        except (tarfile.TarError, OSError) as error:
            raise EvaluationError(f"{address}: the encoder cannot be unpacked: {error}. Deploy again.") from error
