"""Renders docs/limits.md from the table of AWS limits."""

from __future__ import annotations

from stacks.checks.limits import LIMITS


def limits_page() -> str:
    """The page, in Markdown."""
    rows = [
        f"| {limit.of} | {limit.most:,} {limit.unit} | [{limit.read}]({limit.source}) |\n" for limit in LIMITS.values()
    ]
    return (
        "# AWS limits\n\n*For the platform engineer.*\n\n"
        "Source: `stacks/checks/limits.py`. A test checks the template against each limit, with the default settings "
        "and with the largest settings that synthesis accepts. For limits that AWS raises on request, the table has "
        "the value of a new account.\n\n"
        "| limit | maximum | AWS page, read on |\n| --- | --- | --- |\n" + "".join(rows)
    )
