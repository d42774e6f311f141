"""Starts and stops the local cloud, and returns its status and the environment of its clients."""

import os
import secrets
import socket
import ssl
import string
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from local import deploy as deployment
from local import processes
from local.certificate import write_certificate
from local.environment import ClientEnvironment, client_environment, endpoint, server_environment
from local.errors import CloudNotRunningError, CloudStartError, LocalCloudError
from local.folder import CHECKOUT, CloudFolder, CloudRecord

ENGINES = ("smollm2", "tiny", "instant")
START_SECONDS = 120
_START_ATTEMPTS = 3

Progress = Callable[[str], None]


@dataclass(frozen=True)
class CloudStatus:
    """The state of a cloud. `endpoint`, `pid` and `engine` are None if it is not running.

    `lost_runs` are those that were in progress when the cloud before it ended.
    """

    running: bool
    folder: Path
    endpoint: str | None = None
    pid: int | None = None
    engine: str | None = None
    lost_runs: tuple[str, ...] = ()


def up(
    engine: str = "smollm2",
    deploy: bool = True,
    progress: Progress = lambda _: None,
    settings: Mapping[str, str] = MappingProxyType({}),
    app: Path = CHECKOUT,
) -> CloudStatus:
    """Starts the cloud if it is not running, then deploys the app into it with these settings, or updates it.

    `app` is the folder of the app, or of what it was synthesized to.

    Raises:
        CloudStartError: the server did not start.
        DeployError: the deployment failed.
        LocalCloudError: the server at LOCAL_JUDGE_URL does not answer, the engine is unknown, or
            the cloud is running with another engine.
    """
    if engine not in ENGINES:
        raise LocalCloudError(f"There is no engine '{engine}'. Use one of: {', '.join(ENGINES)}.")
    folder = CloudFolder.default()
    with folder.locked():
        state = _status(folder)
        lost = () if state.running else folder.interrupted_runs()
        if not state.running:
            _ask_judge_server()
            _clean(folder, progress)
            _start(folder, engine, progress)
        elif state.engine != engine:
            raise LocalCloudError(
                f"The local cloud already runs with the engine '{state.engine}'. "
                f"Use it with --engine {state.engine}, or take it down first (tuner local down) to use '{engine}'."
            )
        if deploy:
            deployment.deploy(folder, env(), progress, app, settings)
        return replace(_status(folder), lost_runs=lost)


def down(progress: Progress = lambda _: None) -> bool:
    """Ends all processes of the cloud and deletes its folder. Returns False if there was nothing to take down."""
    folder = CloudFolder.default()
    if not folder.root.exists() and not processes.members(folder):
        return False
    with folder.locked():
        in_progress = folder.interrupted_runs()
        _clean(folder, progress)
    if in_progress:
        progress(f"Lost, because they were in progress: {', '.join(in_progress)}")
    return True


def status() -> CloudStatus:
    """The state of the cloud, according to its server."""
    return _status(CloudFolder.default())


def env() -> ClientEnvironment:
    """The environment of a client of the cloud. Raises CloudNotRunningError if the cloud is not running."""
    folder = CloudFolder.default()
    record = folder.read_record()
    if record is None or not _status(folder).running:
        raise CloudNotRunningError("The local cloud is not running. Start it with: tuner local up")
    return client_environment(folder, record)


def _status(folder: CloudFolder) -> CloudStatus:
    record = folder.read_record()
    if record is None or not processes.is_member(record.pid, folder) or not _answers(folder, record.port):
        return CloudStatus(running=False, folder=folder.root)
    return CloudStatus(True, folder.root, endpoint(record.port), record.pid, record.engine)


def _clean(folder: CloudFolder, progress: Progress) -> None:
    """Ends the processes of a cloud and deletes its folder.

    After a crash nothing can be kept, because the state of the server was in its memory.
    """
    ended = processes.end(folder)
    if ended:
        progress(f"Ended {ended} process{'es' if ended > 1 else ''} of the local cloud")
    folder.remove()


def _ask_judge_server() -> None:
    """Refuses to start with a LOCAL_JUDGE_URL that does not answer: every grade would fail."""
    if not os.environ.get("LOCAL_JUDGE_URL"):
        return
    # They load much: only where they are needed.
    from local.bedrock.state.settings import Settings
    from local.bedrock.tools.judge_server import ask_judge_server

    ask_judge_server(Settings())


def _start(folder: CloudFolder, engine: str, progress: Progress) -> None:
    progress("Starting the local cloud")
    folder.make()
    write_certificate(folder.certificate, folder.private_key)
    try:
        record = _answering_server(folder, engine)
    except BaseException:  # An interrupted start must not leave a server running either.
        processes.end(folder)
        raise
    folder.write_record(record)
    progress(f"The local cloud answers on {endpoint(record.port)}")


def _answering_server(folder: CloudFolder, engine: str) -> CloudRecord:
    for _ in range(_START_ATTEMPTS - 1):
        try:
            return _wait_until_ready(folder, _launch(folder, engine))
        except CloudStartError:
            # Another process may have taken the port after it was chosen.
            if "already in use" not in folder.server_log.read_text():
                raise
            processes.end(folder)
    return _wait_until_ready(folder, _launch(folder, engine))


def _launch(folder: CloudFolder, engine: str) -> CloudRecord:
    access_key_id = "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
    draft = CloudRecord(_free_port(), 0, access_key_id, secrets.token_urlsafe(30), engine)
    with folder.server_log.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "local.server"],
            cwd=CHECKOUT,
            env=server_environment(folder, draft),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # The server must outlive this process and its terminal.
            start_new_session=True,
        )
    return CloudRecord(draft.port, server.pid, draft.access_key_id, draft.secret_access_key, engine)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(folder: CloudFolder, record: CloudRecord) -> CloudRecord:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if _answers(folder, record.port):
            return record
        if not processes.is_member(record.pid, folder):
            raise CloudStartError(
                f"The local cloud ended while starting. The end of {folder.server_log}:\n{_tail(folder)}"
            )
        time.sleep(0.1)
    raise CloudStartError(
        f"The local cloud did not answer within {START_SECONDS} s. The end of {folder.server_log}:\n{_tail(folder)}"
    )


def _answers(folder: CloudFolder, port: int) -> bool:
    try:
        trust = ssl.create_default_context(cafile=str(folder.certificate))
        # Without the user's HTTP proxy, which cannot reach the loopback address.
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        with direct.open(f"{endpoint(port)}/_ministack/health", timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _tail(folder: CloudFolder) -> str:
    return "\n".join(folder.server_log.read_text(errors="replace").splitlines()[-20:])
