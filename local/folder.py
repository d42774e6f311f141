"""The one folder that holds everything a local cloud keeps: its record, certificate, logs and temporary files."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from local.errors import LocalCloudError

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER_VARIABLE = "TUNER_LOCAL_DIR"
_MARKER = "local-cloud"


@dataclass(frozen=True)
class CloudRecord:
    """What is needed to reach a cloud that was started: written once its server answers."""

    port: int
    pid: int
    access_key_id: str
    secret_access_key: str
    engine: str


@dataclass(frozen=True)
class CloudFolder:
    """Places inside a cloud's folder. Two folders are two independent clouds."""

    root: Path

    @classmethod
    def default(cls) -> "CloudFolder":
        """The folder named by TUNER_LOCAL_DIR, else `.local/` of this checkout."""
        return cls(Path(os.environ.get(FOLDER_VARIABLE) or CHECKOUT / ".local").expanduser().resolve())

    @property
    def record(self) -> Path:
        return self.root / "cloud.json"

    @property
    def certificate(self) -> Path:
        return self.root / "tls" / "certificate.pem"

    @property
    def private_key(self) -> Path:
        return self.root / "tls" / "private-key.pem"

    @property
    def server_log(self) -> Path:
        return self.root / "log" / "server.log"

    @property
    def deploy_log(self) -> Path:
        return self.root / "log" / "deploy.log"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    def make(self) -> None:
        """Create the folder and its rooms, readable by this user only (it holds a private key)."""
        self._claim()
        for path in (self.certificate.parent, self.server_log.parent, self.temporary):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def remove(self) -> None:
        """Delete the folder with all it holds; a folder that does not exist is fine."""
        if self.root.exists():
            self._claim()
            shutil.rmtree(self.root)

    def _claim(self) -> None:
        """Mark the folder as ours, and refuse one that holds something else: `down` deletes it whole."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker = self.root / _MARKER
        if not marker.exists() and any(self.root.iterdir()):
            raise LocalCloudError(
                f"{self.root} is not empty, and no local cloud made it. "
                f"Set {FOLDER_VARIABLE} to a folder that is empty or does not exist."
            )
        marker.touch()

    def read_record(self) -> CloudRecord | None:
        """The record, or None where none was written or it was cut short by a crash."""
        try:
            return CloudRecord(**json.loads(self.record.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write_record(self, record: CloudRecord) -> None:
        """Write the record whole or not at all."""
        draft = self.record.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(record), indent=2))
        draft.replace(self.record)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder alone, so that two `up` or `down` at once follow each other."""
        self._claim()
        descriptor = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _same_folder(descriptor, self.root):
                with self.locked():
                    yield
                return
            yield
        finally:
            os.close(descriptor)


def _same_folder(descriptor: int, path: Path) -> bool:
    """Whether the locked descriptor is still what the path names (the former holder may have removed it)."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
