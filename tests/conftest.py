"""Turns sockets off. Only tests marked e2e may reach the local cloud, and those marked browser a local page.

Local clouds end with the process of the tests, however it ends.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket

from local import processes

_HERE = Path(__file__).parent

# A slow machine is no error of the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

processes.own_clouds()


# What takes longest begins first. What is not named here comes last.
_GROUPS_IN_ORDER = ("e2e", "test_chaos.py", "permissions", "browser")


# Before the hook of xdist's worker, which writes the group into the id of a test.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests that synthesize the app as slow, and groups the tests that share a local cloud.

    With `--dist loadgroup --no-loadscope-reorder`, a group runs on one worker, and the groups begin in this order. The
    files directly in e2e share one cloud. The folders in e2e and the test of faults have clouds of their own.
    """
    groups: dict[pytest.Item, str] = {}
    for item in items:
        place = item.path.relative_to(_HERE)
        if "synthesize" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
        if place.parts[0] == "e2e":
            alone = len(place.parts) > 2 or place.name == "test_chaos.py"
            groups[item] = place.parts[1] if alone else "e2e"
        elif place.parts[0] == "browser":
            groups[item] = "browser"
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    order = {group: position for position, group in enumerate(_GROUPS_IN_ORDER)}
    items.sort(key=lambda item: order.get(groups.get(item, ""), len(order)))


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
