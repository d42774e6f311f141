"""Prices as AWS's price list has them today: asked at estimate time, and remembered for a day.

The packaged list (prices.yaml) stands wherever AWS gives no price or cannot be asked: no run fails for want of one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from tuner.core.errors import TunerError
from tuner.core.times import now
from tuner.costs.price_list_offers import SERVICE, OfferError, offer
from tuner.costs.prices import Price
from tuner.costs.usage_types import Wanted

KEPT = dt.timedelta(days=1)


class Api(Protocol):
    """AWS's price list."""

    def products(self, service: str, usage_type: str) -> tuple[list[str], str]:
        """The documents of a usage type, and the name of a stand-in."""
        ...


class Cache(Protocol):
    """What was asked before."""

    def read(self) -> tuple[dict[str, Any], str | None]:
        """The document and its version."""
        ...

    def write(self, document: Any, version: str | None) -> bool:
        """Replaces the document of this version."""
        ...


class NoCache:
    """For a single estimate on the command line."""

    def read(self) -> tuple[dict[str, Any], str | None]:
        """Nothing."""
        return {}, None

    def write(self, document: Any, version: str | None) -> bool:
        """Forgets it."""
        return True


class Answer(BaseModel):
    """What AWS answered for a usage type; `usd` is None where it has no price, or none that can be used."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    asked_at: dt.datetime
    usd: float | None = None
    effective: dt.date | None = None
    problem: str = ""
    stand_in: str = ""


def asked_prices(api: Api, cache: Cache, wanted: Sequence[Wanted]) -> tuple[tuple[Price, ...], tuple[str, ...]]:
    """The prices that AWS gave, and what to say about those that it did not, as sentences."""
    said: list[str] = []
    document, version = _read(cache, said)
    answers = _fresh(document)
    new: dict[str, Answer] = {}
    try:
        for each in wanted:
            if each.usage_type not in answers:
                new[each.usage_type] = _ask(api, each)
    except TunerError as error:
        said.append(f"AWS's price list could not be asked, the packaged one is used. {error}")
    answers |= new
    if new:
        _write(cache, answers, version, said)
    said += [
        f"AWS's price list for {each.usage_type} {answer.problem}: the packaged price is used."
        for each in wanted
        if (answer := answers.get(each.usage_type)) and answer.problem
    ]
    return _prices(answers, wanted), tuple(said)


def _read(cache: Cache, said: list[str]) -> tuple[dict[str, Any], str | None]:
    try:
        return cache.read()
    except (TunerError, ValueError) as error:
        said.append(f"The prices of earlier estimates cannot be read, and AWS is asked again. {error}")
        return {}, None


def _write(cache: Cache, answers: Mapping[str, Answer], version: str | None, said: list[str]) -> None:
    """Another run may have written meanwhile: then its answers are kept, and these serve this run alone."""
    try:
        cache.write({name: answer.model_dump(mode="json") for name, answer in answers.items()}, version)
    except TunerError as error:
        said.append(f"AWS's prices cannot be remembered, and the next estimate asks again. {error}")


def _ask(api: Api, wanted: Wanted) -> Answer:
    documents, stand_in = api.products(SERVICE, wanted.usage_type)
    if not documents:
        return Answer(asked_at=now(), stand_in=stand_in)
    if len(documents) > 1:
        return Answer(asked_at=now(), problem=f"has {len(documents)} products", stand_in=stand_in)
    try:
        found = offer(documents[0], wanted)
    except OfferError as error:
        return Answer(asked_at=now(), problem=str(error), stand_in=stand_in)
    return Answer(asked_at=now(), usd=found.usd, effective=found.effective, stand_in=stand_in)


def _fresh(document: Mapping[str, Any]) -> dict[str, Answer]:
    """The answers of the last day; what cannot be read is asked for again."""
    found: dict[str, Answer] = {}
    for name, value in document.items():
        try:
            answer = Answer.model_validate(value)
        except ValidationError:
            continue
        if dt.timedelta(0) <= now() - answer.asked_at < KEPT:
            found[name] = answer
    return found


def _prices(answers: Mapping[str, Answer], wanted: Sequence[Wanted]) -> tuple[Price, ...]:
    return tuple(
        Price(
            item=each.item,
            model=each.model,
            term=each.term,
            usd=answer.usd,
            source=f"{answer.stand_in or 'AWS Price List API'}, {each.usage_type}, in force since {answer.effective}",
            read=answer.asked_at.date(),
        )
        for each in wanted
        if (answer := answers.get(each.usage_type)) and answer.usd is not None
    )
