"""Foreign text in any member of a report stays harmless in the notification, in the page and in what SNS receives."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tuner.aws import notifications
from tuner.reporting import Report, notification_subject, notification_text
from tuner.reporting.page.page import page

POISON = "[x](https://evil.com) @channel <!here> www.evil.com <blink> \u202e\u200b\x1b[31m\x9b31m"
# Own addresses of the run and its execution, and times.
OWN = {"folder", "execution_arn", "run_id", "dataset", "arn", "started_at", "ended_at"}


def poisoned(document: Any, whole: dict[str, Any]) -> Iterator[str]:
    """Replaces every text that the model takes, in place. Yields the names of the members."""
    members = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in list(members):
        if isinstance(value, dict | list):
            yield from poisoned(value, whole)
        elif isinstance(value, str) and name not in OWN and not str(name).endswith("_at"):
            document[name] = POISON
            try:
                Report.model_validate(whole)
                yield str(name)
            except ValidationError:
                document[name] = value  # one of a few words, or a time


@pytest.fixture
def hostile(report: Report) -> Report:
    document = report.model_dump(mode="json")
    document["failure"] = None
    assert len(list(poisoned(document, document))) > 80
    return Report.model_validate(document)


def sent(monkeypatch: pytest.MonkeyPatch, subject: str, text: str) -> dict[str, Any]:
    """What the topic receives."""
    received: dict[str, Any] = {}

    class Topic:
        def publish(self, **members: Any) -> None:
            received.update(members)

    monkeypatch.setattr(notifications, "client", lambda _: Topic())
    notifications.notify("arn:topic", subject, text, {})
    return received


def harmless(text: str) -> bool:
    return not re.search(r"https?://|(?<!\[)@|www\.|\.com|<!|[\x1b\x9b\u202e\u200b]", text)


def test_the_notification_has_no_link_mention_or_mark(hostile: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    text = notification_text(hostile)
    assert "evil" in text
    assert not re.search(r"(?<!\\)\]\(|(?<!\\)<blink>", re.sub("`[^`]*`", "", text)), "a link or a tag of Markdown"
    message = sent(monkeypatch, notification_subject(hostile), text)
    assert harmless(message["Message"])


def test_whatever_is_published_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    message = sent(monkeypatch, f"{POISON}\n" * 9, POISON)
    assert harmless(message["Subject"])
    assert len(message["Subject"]) == 100
    assert "\n" not in message["Subject"]
    assert "https[:]//evil[.]com" in message["Message"]
    assert "[@]channel" in message["Message"]


def test_only_one_module_publishes_to_topics() -> None:
    code = [*Path("tuner").rglob("*.py"), *Path("lambdas").rglob("*.py")]
    found = {str(path) for path in code if re.search(r'client\("sns"\)', path.read_text("utf-8"))}
    assert {path for path in found if "cli" not in Path(path).parts} == {"tuner/aws/notifications.py"}


def test_the_page_has_no_mark_and_no_tag_of_others(hostile: Report) -> None:
    text = page(hostile)
    assert not re.search("[\x1b\x9b\u202e\u200b]|<blink>|href=.https?://evil", text)
