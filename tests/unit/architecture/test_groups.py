"""The tests that share a local cloud run on one worker, and the longest group begins first."""

import pytest

from tests.groups import group_of, position


@pytest.mark.parametrize(
    ("node", "group"),
    [
        ("tests/e2e/test_pipeline.py::test_a", "e2e"),
        ("tests/e2e/serving/test_serving.py::test_b[x/y]", "serving"),
        ("tests/e2e/people/test_approval.py::test_c", "people"),
        ("tests/e2e/test_chaos.py::test_c", "test_chaos.py"),
        ("tests/e2e/permissions/test_every_permission.py::test_d[a::b/c]", "permissions"),
        ("tests/e2e/local/test_limits.py::test_e", "local"),
        ("tests/browser/test_report_page.py::test_f", "browser"),
        ("tests/unit/core/test_run.py::test_g", "tests/unit/core/test_run.py::test_g"),
    ],
)
def test_the_group_of_a_test(node: str, group: str) -> None:
    assert group_of(node) == group


def test_the_group_with_the_most_runs_begins_first() -> None:
    nodes = ["tests/unit/test_a.py", "tests/browser/test_b.py", "tests/e2e/test_chaos.py", "tests/e2e/test_gate.py"]
    assert sorted(nodes, key=position) == [nodes[3], nodes[2], nodes[1], nodes[0]]
