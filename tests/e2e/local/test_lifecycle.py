"""Starting a cloud twice, after a crash, on a port in use and with invalid settings, and stopping it."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from local import cloud, processes
from local.errors import CloudStartError
from local.folder import CHECKOUT, FOLDER_VARIABLE, CloudFolder
from tests.e2e.local.conftest import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("local") / "cloud"))
        yield CloudFolder.default()


@pytest.fixture(scope="module")
def status(folder):
    yield cloud.up(engine="tiny", deploy=False)
    cloud.down()


def test_a_second_up_finds_the_running_cloud(status):
    assert cloud.status() == status
    assert cloud.up(engine="tiny", deploy=False) == status


def test_after_a_crash_up_starts_a_new_cloud_even_if_the_port_is_taken(status, folder, monkeypatch):
    os.kill(status.pid, signal.SIGKILL)
    eventually(lambda: None if processes.is_member(status.pid, folder) else True)
    assert not cloud.status().running
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        ports = iter([squatter.getsockname()[1], cloud._free_port()])
        monkeypatch.setattr(cloud, "_free_port", lambda: next(ports))
        again = cloud.up(engine="tiny", deploy=False)
    assert again.running
    assert again.pid != status.pid


def test_a_server_that_cannot_start_shows_its_log_and_leaves_no_process(folder, monkeypatch):
    cloud.down()
    monkeypatch.setenv("LOCAL_BEDROCK_THREADS", "-1")
    with pytest.raises(CloudStartError, match=r"(?s)ended while starting. The end of .*server.log:.*threads.*-1"):
        cloud.up(engine="tiny", deploy=False)
    assert processes.members(folder) == []


def test_down_leaves_nothing(status, folder):
    cloud.up(engine="tiny", deploy=False)
    assert processes.members(folder)
    assert cloud.down() is True
    assert processes.members(folder) == []
    assert not folder.root.exists()
    assert cloud.down() is False


_OWNER = """
import time
from local import cloud, processes
processes.own_clouds()
cloud.up(engine="tiny", deploy=False)
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """Not that of the module: a cloud that another test has started there has another owner."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cloud"))
    return CloudFolder.default()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_cloud_ends_with_its_owner_however_it_ends(own_folder, number):
    with subprocess.Popen([sys.executable, "-c", _OWNER], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "up\n"
        # Also a process that the server did not start itself, such as the proxy of tests/chaos.
        other = subprocess.Popen(["sleep", "600"], env=os.environ | processes.mark(own_folder))
        assert len(processes.members(own_folder)) >= 2
        owner.send_signal(number)
    assert other.wait(60) == -signal.SIGTERM
    eventually(lambda: None if processes.members(own_folder) else True)
