"""Groups of tests that share what is expensive: a local cloud or a browser. Each runs on one worker of pytest-xdist."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

# What takes longest begins first. What is not named here comes last.
_IN_ORDER = ("e2e", "serving", "people", "test_chaos.py", "permissions", "browser")


def group_of(node: str) -> str:
    """The group of a test, from its id. A test that shares nothing is its own group.

    The files directly in e2e share one cloud. The folders in e2e and the test of faults have clouds of their own.
    A further cloud costs a minute of the processor, so there are as few as the waits of the tests allow.
    """
    folder, *rest = PurePosixPath(node.partition("::")[0]).parts[1:]
    if folder != "e2e":
        return folder if folder == "browser" else node
    return rest[0] if len(rest) > 1 or rest[0] == "test_chaos.py" else folder


def position(node: str) -> int:
    """The position of a test's group in the order."""
    group = group_of(node)
    return _IN_ORDER.index(group) if group in _IN_ORDER else len(_IN_ORDER)


class Groups(LoadScopeScheduling):
    """The distribution `loadscope` with these groups. xdist 3.8 ignores its own mark for groups with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
