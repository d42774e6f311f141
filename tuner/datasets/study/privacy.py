"""Secrets and personal data: said where they are, never shown.

Secrets by detect-secrets' detectors of known token formats; its entropy detectors are left out, because ordinary texts
set them off. Personal data by what can be told from its form alone: e-mail addresses, and card numbers with a right
check digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from tuner.datasets.findings import Flaw
from tuner.datasets.record import Record

_DETECTORS = (
    "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector",
    "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b", re.IGNORECASE)
_EXAMPLES = re.compile(r"@(?:[\w-]+\.)*example\.(?:com|org|net)$", re.IGNORECASE)
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


class Privacy:
    """Looks at texts while it is open: detect-secrets keeps its settings for the whole process."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._scan: Any = None

    def __enter__(self) -> Self:
        from detect_secrets.core.scan import scan_line
        from detect_secrets.settings import transient_settings

        self._stack.enter_context(transient_settings({"plugins_used": [{"name": name} for name in _DETECTORS]}))
        self._scan = scan_line
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stack.close()

    def look(self, record: Record) -> Iterator[Flaw]:
        """A warning for each kind found in each text."""
        for turn in record.turns:
            kinds = {secret.type for secret in self._scan(turn.text)}
            for kind in sorted(kinds):
                message = f"holds what looks like a secret ({kind})."
                remedy = "Remove it, and revoke it if it is real: a tuned model repeats what it was trained on."
                yield Flaw("secret", message, remedy, turn.field, "warning")
            for kind in _personal(turn.text):
                message = f"holds {kind}."
                remedy = "Remove it unless the model shall repeat it to anyone who asks."
                yield Flaw("personal-data", message, remedy, turn.field, "warning")


def _personal(text: str) -> Iterator[str]:
    if "@" in text and any(not _EXAMPLES.search(found) for found in _EMAIL.findall(text)):
        yield "an e-mail address"
    if any(_passes_luhn(re.sub(r"\D", "", found)) for found in _CARD.findall(text)):
        yield "a payment card's number"


def _passes_luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812."""
    doubled = [int(digit) * (2 if at % 2 else 1) for at, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
