"""Finds secrets and personal data. A finding says where they are and never shows them.

Secrets: the detectors of detect-secrets for known token formats. Its entropy detectors are not used, because ordinary
text triggers them. Personal data: what has a recognizable form. These are e-mail addresses, telephone numbers
(phonenumbers), card and account numbers with correct check digits and US social security numbers (python-stdnum).
Names of people have no form; docs/datasets.md says why they are not searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from tuner.datasets.findings import Issue
from tuner.datasets.records.record import Record

_DETECTORS = (
    "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector",
    "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b", re.IGNORECASE)
_EXAMPLES = re.compile(r"@(?:[\w-]+\.)*example\.(?:com|org|net)$", re.IGNORECASE)
_CARD = re.compile(r"(?<!\d)(?:2[ -]?[2-7]|[3-6][ -]?\d)(?:[ -]?\d){11,17}(?!\d)")  # the number ranges of card networks
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SOCIAL_SECURITY = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_MANY_DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")
# Numbers with a country code are found for all countries, numbers without one in the national format of these.
_COUNTRIES = ("US", "GB", "FR", "JP")
_FICTIONAL = re.compile(r"555\D?01\d\d$")  # reserved for fiction in North America


class PrivacyScan:
    """Scans texts while it is open. detect-secrets keeps its settings per process, so they are set on entry only."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._detectors: Any = ()
        self._scan: Any = None

    def __enter__(self) -> Self:
        from detect_secrets.core.scan import scan_line
        from detect_secrets.settings import get_plugins, transient_settings

        self._stack.enter_context(transient_settings({"plugins_used": [{"name": name} for name in _DETECTORS]}))
        self._detectors, self._scan = get_plugins(), scan_line
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stack.close()

    def has_secret(self, record: Record) -> bool:
        """Whether a text of the record has a secret. No text of such a record may be shown."""
        return any(self._secrets(turn.text) for turn in record.turns)

    def _secrets(self, text: str) -> list[str]:
        # `scan_line` removes false findings by filters, and looks up all of them anew for each text. That takes most of
        # its time, so it reads only texts in which a detector finds something.
        if not any(detector.analyze_line(filename="", line=text) for detector in self._detectors):
            return []
        return sorted({secret.type for secret in self._scan(text)})

    def issues(self, record: Record) -> Iterator[Issue]:
        """A warning for each type of secret or personal data in each text."""
        for turn in record.turns:
            for kind in self._secrets(turn.text):
                message = f"has what looks like a secret ({kind})."
                remedy = "Remove it, and revoke it if it is real: a tuned model can repeat its training data."
                yield Issue("secret", message, remedy, turn.field, "warning")
            for kind in _personal(turn.text):
                message = f"has {kind}."
                remedy = "Remove it, unless the model may tell it to anyone."
                yield Issue("personal-data", message, remedy, turn.field, "warning")


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
    """Whether the text has a private telephone number in a usual format. Toll-free and service numbers do not count."""
    from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType, number_type

    private = {PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
    return any(
        number_type(match.number) in private
        and not match.raw_string.isdigit()
        and not _FICTIONAL.search(match.raw_string)
        for country in _COUNTRIES
        for match in PhoneNumberMatcher(text, country, leniency=Leniency.STRICT_GROUPING)
    )
