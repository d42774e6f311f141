"""Turns sockets off. Only tests marked e2e may reach the local cloud, and those marked browser a local page.

Local clouds end with the process of the tests, however it ends.
"""

import gc
from typing import Any

import pytest
from pytest_socket import disable_socket, enable_socket

from local import processes
from tests.examples import register_profiles
from tests.groups import Groups, position

register_profiles()
processes.own_clouds()


def pytest_sessionstart() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """Thousands of tests stay in memory until the end: the garbage collector need not look through them each time.

    It would take an eighth of the processor's time.
    """
    gc.freeze()
    gc.set_threshold(100_000)
    gc.enable()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks tests that synthesize the app as slow."""
    if {"synthesize", "synthesize_all"} & {*getattr(item, "fixturenames", ())}:
        item.add_marker(pytest.mark.slow)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the groups; `--no-loadscope-reorder` keeps this order."""
    items.sort(key=lambda item: position(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups | None:
    """With `--dist loadscope`, a group of tests runs on one worker."""
    return Groups(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("e2e") or item.get_closest_marker("browser"):
        enable_socket()
    else:
        disable_socket(allow_unix_socket=True)  # asyncio's event loop needs a socket pair


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No test can reach an account by accident, or depends on the shell that it was started from."""
    if request.node.get_closest_marker("e2e"):
        return
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "TUNER_LOCAL", "TUNER_STACK", "TUNER_LOCAL_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
