"""Secrets and personal data: said where they are, never shown.

Secrets by detect-secrets' detectors of known token formats; its entropy detectors are left out, because ordinary texts
set them off. Personal data by what can be told from its form alone: e-mail addresses; telephone numbers as phonenumbers
finds them; card and account numbers with right check digits and US social security numbers by python-stdnum. Names of
people have no form, and docs/datasets.md says why no model looks for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from tuner.datasets.findings import Flaw
from tuner.datasets.records.record import Record

_DETECTORS = (
    "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector",
    "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b", re.IGNORECASE)
_EXAMPLES = re.compile(r"@(?:[\w-]+\.)*example\.(?:com|org|net)$", re.IGNORECASE)
_CARD = re.compile(r"(?<!\d)(?:2[ -]?[2-7]|[3-6][ -]?\d)(?:[ -]?\d){11,17}(?!\d)")  # as card networks number theirs
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SOCIAL_SECURITY = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_MANY_DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")
# Numbers with a country's code are found wherever they are from, those without as these countries write them.
_COUNTRIES = ("US", "GB", "FR", "JP")
_FICTIONAL = re.compile(r"555\D?01\d\d$")  # reserved for examples in North America


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

    def has_secret(self, record: Record) -> bool:
        """Whether any of its texts holds one: then none of its words are shown."""
        return any(self._secrets(turn.text) for turn in record.turns)

    def _secrets(self, text: str) -> list[str]:
        return sorted({secret.type for secret in self._scan(text)})

    def look(self, record: Record) -> Iterator[Flaw]:
        """A warning for each kind found in each text."""
        for turn in record.turns:
            for kind in self._secrets(turn.text):
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
    if any(map(_is_card, _CARD.findall(text))):
        yield "a payment card's number"
    if any(map(_is_account, _ACCOUNT.findall(text))):
        yield "a bank account's number (IBAN)"
    if any(map(_is_social_security, _SOCIAL_SECURITY.findall(text))):
        yield "a US social security number"
    if _MANY_DIGITS.search(text) and _has_telephone(text):
        yield "a telephone number"


def _is_card(found: str) -> bool:
    from stdnum import luhn

    return bool(luhn.is_valid(re.sub(r"\D", "", found)))


def _is_account(found: str) -> bool:
    from stdnum import iban

    return bool(iban.is_valid(found))


def _is_social_security(found: str) -> bool:
    from stdnum.us import ssn

    return bool(ssn.is_valid(found))


def _has_telephone(text: str) -> bool:
    """Whether a number stands there that is written as telephone numbers are, not one that companies give everybody."""
    from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType, number_type

    private = {PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
    return any(
        number_type(match.number) in private
        and not match.raw_string.isdigit()
        and not _FICTIONAL.search(match.raw_string)
        for country in _COUNTRIES
        for match in PhoneNumberMatcher(text, country, leniency=Leniency.STRICT_GROUPING)
    )
