"""The folder of a local cloud: its record, certificate, logs and temporary files."""

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
    """What a client needs to reach a running cloud. Written when the server answers for the first time."""

    port: int
    pid: int
    access_key_id: str
    secret_access_key: str
    engine: str


@dataclass(frozen=True)
class CloudFolder:
    """The paths inside of a cloud's folder. Two folders are two independent clouds."""

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
    def runs_in_progress(self) -> Path:
        """A folder with an empty file for each run that is in progress, named by its id."""
        return self.root / "runs-in-progress"

    def interrupted_runs(self) -> tuple[str, ...]:
        """The runs that were in progress when the cloud ended."""
        found = self.runs_in_progress.iterdir() if self.runs_in_progress.is_dir() else ()
        return tuple(sorted(path.name for path in found))

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    def make(self) -> None:
        """Creates the folder and its subfolders. Only this user can read it, because it contains a private key."""
        self._claim()
        for path in (self.certificate.parent, self.server_log.parent, self.temporary):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def remove(self) -> None:
        """Deletes the folder and its content. Does nothing if it does not exist."""
        if not self.root.exists():
            return
        self._claim()
        marker = self.root / _MARKER
        for path in self.root.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != marker:
                path.unlink()
        # Last: without it, what an interrupted deletion left would be taken for somebody else's.
        marker.unlink()
        self.root.rmdir()

    def _claim(self) -> None:
        """Marks the folder as one of a local cloud. Refuses a folder with other content, because `down` deletes it."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker = self.root / _MARKER
        if not marker.exists() and any(self.root.iterdir()):
            raise LocalCloudError(
                f"{self.root} is not empty and was not created by a local cloud. "
                f"Set {FOLDER_VARIABLE} to a folder that is empty or does not exist."
            )
        marker.touch()

    def read_record(self) -> CloudRecord | None:
        """The record, or None if there is none or a crash left it incomplete."""
        try:
            return CloudRecord(**json.loads(self.record.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write_record(self, record: CloudRecord) -> None:
        """Writes the record atomically."""
        draft = self.record.with_suffix(".tmp")
        # The record contains a secret key, so the file must never be readable by others.
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(record), indent=2))
        draft.replace(self.record)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the folder, so that concurrent `up` and `down` run one after the other."""
        self._claim()
        # The folder itself is locked, so there is no lock file that `remove` would delete.
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
    """Whether the path still names the locked folder. The previous holder of the lock may have removed the folder."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
