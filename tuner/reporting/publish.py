"""Puts a report into the run's folder, and takes it out again."""

from __future__ import annotations

from tuner.aws.run_folder import RunFolder
from tuner.reporting.card import Card, card, cards, enter
from tuner.reporting.model import Report
from tuner.reporting.overview import overview
from tuner.reporting.page import page
from tuner.run import Keys


def publish(folder: RunFolder, report: Report) -> str:
    """Writes the page and the card, then report.json: where it is, the others are too. Returns the page's address.

    The page over all runs is written anew last.
    """
    address = folder.write(Keys.REPORT_PAGE, page(report).encode())
    own = card(report)
    folder.write(Keys.REPORT_CARD, own.model_dump_json(indent=2).encode() + b"\n")
    folder.write(Keys.REPORT, report.model_dump_json(indent=2).encode() + b"\n")
    _publish_overview(folder, own)
    return address


def _publish_overview(folder: RunFolder, own: Card) -> None:
    """Runs that end at the same time write it in any order: who finds a card more afterwards writes it again."""
    shown, known = None, enter(folder, own)
    while shown != known:
        folder.overview.write_page(overview(known).encode())
        shown, known = known, cards(folder)


def published(folder: RunFolder) -> Report | None:
    """The report in the run's folder, or None when there is none yet."""
    found = folder.find(Keys.REPORT)
    return None if found is None else Report.model_validate_json(found)
