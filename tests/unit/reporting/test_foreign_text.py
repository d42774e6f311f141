"""Foreign text stays harmless in whatever is published: notifications, upload notices, alarms and pages.

A report has it in every member, an upload in the names of its files, and a failed release in what AWS says.
"""

import random
import re
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import DEPLOYMENT, RUN
from tests.unit.reporting.hostile import filled, texts
from tests.unit.reporting.page.test_page import Tags
from tuner.artifacts.report.run_summary import RunSummary
from tuner.aws import notifications
from tuner.aws.bedrock.resources import PaidResource
from tuner.core.errors import AwsError
from tuner.core.times import now
from tuner.intake.unused_files import renaming, unused_files
from tuner.intake.upload_notices import late_files, run_id_taken, wrong_name
from tuner.reporting import Report, notification_subject, notification_text
from tuner.reporting.page.page import page
from tuner.reporting.page.runs_page import runs_page
from tuner.serving.deletion import Failure
from tuner.serving.sweep.release_failure_message import SUBJECT, alarm

POISON = "[x](https://evil.com) @channel <!here> www.evil.com <blink> \u202e\u200b\x1b[31m\x9b31m"
ARN = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdef123456"
# Own addresses of the run and its execution.
OWN = ("folder", "execution_arn", "run_id")
# What other programs act on, in pieces that hypothesis puts together.
PIECES = (
    *("https://evil.com", "//evil.com/x", "mailto:a@evil.com", "javascript:alert(1)", "www.evil.com", "evil.com"),
    *("@channel", "<!here>", "<blink>", "<img src=x onerror=alert(1)>", "](https://evil.com)", "![x](", "[x]: "),
    *(
        "\n",
        "\r",
        "\t",
        "\n# Approve it",
        "\n| a | b |",
        "```",
        "`",
        "</script>",
        "{{ 7*7 }}",
        "&lt;blink&gt;",
        "&#60;",
    ),
    *("\u202e", "\u2066", "\u200b", "\x1b[2J", "\x9b31m", "\x07", "\x00", "\u2028", "\U000e0041", "\ufffe", "é", "質"),
    *('"', "'", "=1+1", "\\"),
)
# Texts with some of the pieces each, in other orders: every piece stands in several of them.
POISONS = [f"evil{''.join(random.Random(number).sample(PIECES, 12))}" for number in range(10)]


def hostile_report(report: Report, poison: str, failed: bool = False) -> Report:
    """A report with the text in every member and key that takes it, whether the sample has the member or not."""
    made = filled(Report, poison, report.model_dump(mode="json"))
    own = {name: getattr(report, name) for name in OWN}
    return made.model_copy(update=own | {"failure": made.failure if failed else None})


@pytest.fixture
def hostile(report: Report) -> Report:
    return hostile_report(report, POISON)


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
    # Inside of a word, "www." begins no link.
    return not re.search(r"https?://|(?<!\[)@|(?<![\w.])www\.|\.com(?!\w)|<!|[\x1b\x9b\u202e\u200b]", text)


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


def test_every_member_and_key_that_takes_foreign_text_has_it(hostile: Report) -> None:
    """Otherwise the tests here would say nothing about a member."""
    document = hostile.model_dump(mode="json")
    empty = [name for name in Report.model_fields if name != "failure" and not document.get(name)]
    assert empty == []
    assert sum(POISON in text for text in texts(document)) > 300


@pytest.mark.slow
@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("poison", POISONS, ids=range(len(POISONS)))
def test_no_text_acts_in_the_notification(report: Report, poison: str, failed: bool) -> None:
    text = notification_text(hostile_report(report, poison, failed))
    with pytest.MonkeyPatch.context() as patch:
        message = sent(patch, notification_subject(report), text)
    assert harmless(message["Message"])
    assert len(message["Subject"].splitlines()) == 1
    # Blocks of code are indented, and commands are between backticks.
    lines = [re.sub("`[^`]*`", "", line) for line in text.splitlines() if not line.startswith("    ")]
    assert [line for line in lines if re.search(r"(?<!\\)\]\(|(?<!\\)<(blink|img)|^# Approve", line)] == []
    assert [line for line in lines if re.match(r"\| a \| b \|", line)] == []


@pytest.mark.slow
@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("poison", POISONS, ids=range(len(POISONS)))
def test_no_text_acts_in_the_pages(report: Report, poison: str, failed: bool) -> None:
    def pages(text: str) -> list[str]:
        summary = filled(RunSummary, text)
        return [page(hostile_report(report, text, failed)), runs_page([summary, summary])]

    for html, plain in zip(pages(poison), pages("Evil"), strict=True):
        seen, expected = Tags(html), Tags(plain)
        assert {tag for tag, _ in seen.tags} <= {tag for tag, _ in expected.tags}
        names = {(tag, name) for tag, found in seen.tags for name in found}
        assert names <= {(tag, name) for tag, found in expected.tags for name in found}
        links = [found.get(name) or "" for _, found in seen.tags for name in ("href", "src", "action")]
        assert [link for link in links if re.match(r"\s*[a-z]+:|\s*//", link, re.I) and "evil" in link] == []
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e\u2066\u2028\ufffe\U000e0041]", html)


@pytest.mark.parametrize("poison", POISONS, ids=range(len(POISONS)))
def test_no_file_name_acts_in_a_notice_about_an_upload(poison: str) -> None:
    """Whoever uploads chooses the names, and the notice goes to everyone who subscribed."""

    name = poison.replace("/", "")
    files = [f"{name}-train.jsonl", f"{name}/{name}.jsonl", f"{name}/docs/{name}.pdf", f"{name}.py", f"{name}.csv"]
    unused = [*unused_files([*files, "training.jsonl"]), *unused_files(files)]
    renamed = [found for each in ([files[0]], files[1:2], files[4:], files) if (found := renaming(each))]
    assert len(unused) > len(files)
    assert len(renamed) == 4
    notices = [
        (late_files(poison, RUN, unused), len(unused) + 4),
        (run_id_taken(poison, RUN), 1),
        *((wrong_name(poison, each), 3) for each in renamed),
    ]
    for notice, lines in notices:
        with pytest.MonkeyPatch.context() as patch:
            message = sent(patch, notice.subject, notice.text)
        assert "evil" in message["Message"]
        assert harmless(message["Message"])
        assert len(message["Message"].splitlines()) == lines, "a name has no line of its own"
        assert message["Subject"] == notice.subject


@pytest.mark.parametrize("poison", POISONS, ids=range(len(POISONS)))
def test_nothing_that_aws_says_acts_in_the_alarm_about_a_release(poison: str) -> None:
    """The alarm has commands to copy. Nothing else in it may look like a line with one."""

    def text(said: str) -> str:
        resource = PaidResource("provisioned", ARN, said, "InService", now(), model_units=1)
        return alarm([Failure(resource, AwsError(said)), Failure(None, AwsError(said))], lambda _: 1.0, DEPLOYMENT)

    with pytest.MonkeyPatch.context() as patch:
        message = sent(patch, SUBJECT, text(f"{poison}\n\n  aws s3 rb s3://evil --force\n{'long ' * 9000}"))
    assert harmless(message["Message"])
    lines, plain = message["Message"].split("\n"), text("plain").split("\n")
    assert len(lines) == len(plain)
    assert [line for line in lines if line.strip().startswith("aws ")] == [
        line for line in plain if line.strip().startswith("aws ")
    ]
    assert len(message["Message"]) < 5000
