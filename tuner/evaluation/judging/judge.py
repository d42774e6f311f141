"""An LLM judge over Converse: prompts that an answer cannot break out of, and verdicts that are checked.

The judge fills in a tool. A model that refuses a forced tool gets the schema in the prompt instead
(tuner/aws/bedrock/tool_call.py). A reply that breaks the schema is asked for again; after the last attempt the verdict
counts as missing, never as a number.
"""

from __future__ import annotations

import hashlib
import html
import json
import math
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from tuner.aws.bedrock.tool_call import Tool, ToolReply, fill_in_tool
from tuner.catalog import judge_or_assumed
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import AccessDeniedError, AwsError, RetryableError, TunerError
from tuner.settings import JudgeSettings

Verdicts = dict[str, dict[str, Any]]
"""Accepted verdicts by the hash of all that was asked: what a repeated scoring need not pay for again."""

AskOnce = Callable[[str, str, str, Tool, Mapping[str, Any]], ToolReply]
T = TypeVar("T")

_LONGEST = 24_000
CONCURRENCY = 32
"""Most verdicts asked for at once; how many really are is up to what the endpoint takes."""
_AWS_ATTEMPTS = 12
_SHORTEST_WAIT = 0.25
_LONGEST_WAIT = 20.0
_DENIED_SECONDS = 180.0
"""How long a judge that needs a subscription is asked again after it was denied. AWS: a subscription works up to two
minutes after what it needs was granted, and calls may succeed for 15 minutes before a failed one denies them."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to be judged: the instructions, the material, and the tool that takes the verdict."""

    system: str
    text: str
    tool: Tool
    check: Callable[[Any], str | None]
    """None when the arguments keep to the schema, else what is wrong with them, as a sentence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`arguments` keep to the tool's schema; None is a missing verdict, and `problem` says why.

    `stand_in` names what judged in the model's place, on the cloud on a laptop. The tokens are those of all attempts.
    """

    arguments: Mapping[str, Any] | None
    problem: str = ""
    stand_in: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


class Judge:
    """Asks for verdicts, several at a time, and remembers them by content.

    After the time `until` of its clock, nothing more is asked: who calls has to keep what there is, and come again.
    """

    def __init__(
        self,
        model: str,
        settings: JudgeSettings,
        verdicts: Verdicts | None = None,
        ask: AskOnce = fill_in_tool,
        sleep: Callable[[float], None] = time.sleep,
        limiter: ConcurrencyLimiter | None = None,
        clock: Callable[[], float] = time.monotonic,
        until: float = math.inf,
    ) -> None:
        self.model = model
        self._known = judge_or_assumed(model)
        self._denied_since: float | None = None
        self._clock = clock
        self._until = until
        self.verdicts: Verdicts = {} if verdicts is None else verdicts
        self._settings = settings
        self._ask = ask
        self._sleep = sleep
        self._limiter = limiter or ConcurrencyLimiter(CONCURRENCY)

    @property
    def inference(self) -> dict[str, Any]:
        """Converse's inferenceConfig: temperature or top_p, for models that take one, never both."""
        settings = self._settings
        return self._known.inference_config(settings.max_tokens, settings.temperature, settings.top_p)

    def about(self, verdicts: Collection[Verdict]) -> dict[str, Any]:
        """Which model judged, by its real name, and how it was asked."""
        stand_in = next((verdict.stand_in for verdict in verdicts if verdict.stand_in), "")
        name = stand_in or self._known.name
        return {"model": self.model, "name": name, "assumed": self._known.assumed, "inference": self.inference}

    @staticmethod
    def counts(verdicts: Collection[Verdict]) -> dict[str, int]:
        """How many verdicts were asked for, are missing, and came from a stand-in; and the tokens they took."""
        return {
            "asked": len(verdicts),
            "missing": sum(verdict.arguments is None for verdict in verdicts),
            "stand_in": sum(bool(verdict.stand_in) for verdict in verdicts),
            "input_tokens": sum(verdict.input_tokens for verdict in verdicts),
            "output_tokens": sum(verdict.output_tokens for verdict in verdicts),
        }

    def judge(self, requests: Sequence[Request]) -> list[Verdict]:
        """A verdict for each request, in their order.

        Raises QuotaError and what stays throttled at once, and AccessDeniedError unless a subscription may be the
        reason; an error that concerns every request (no such model) when not one verdict could be had. Verdicts got
        before an error stay in `verdicts`.
        """
        refusals: list[TunerError] = []
        with ThreadPoolExecutor(self._limiter.maximum) as pool:
            futures = [pool.submit(self._verdict, request, refusals) for request in requests]
            try:
                verdicts = [future.result() for future in futures]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if refusals and all(verdict.arguments is None for verdict in verdicts):
            raise refusals[0]
        return verdicts

    def _verdict(self, request: Request, refusals: list[TunerError]) -> Verdict:
        key = self._key(request)
        if key in self.verdicts:
            return Verdict(**self.verdicts[key])
        problem, read, written = "", 0, 0
        for _ in range(self._settings.attempts):
            text = request.text + (f"\n\nYour last verdict could not be used: {problem}" if problem else "")
            try:
                reply = self._patiently(lambda text=text: self._ask_once(request, text))  # type: ignore[misc]
            except (AwsError, AccessDeniedError) as error:
                if isinstance(error, AccessDeniedError) and not self._may_subscribe(error):
                    raise
                refusals.append(error)
                return Verdict(None, str(error), input_tokens=read, output_tokens=written)
            read, written = read + reply.input_tokens, written + reply.output_tokens
            problem = _problem(request, reply)
            if not problem:
                accepted = Verdict(dict(reply.arguments), "", reply.stand_in, read, written)
                self.verdicts[key] = asdict(accepted)
                return accepted
        unusable = f"no usable verdict in {self._settings.attempts} attempts: {problem}"
        return Verdict(None, unusable, input_tokens=read, output_tokens=written)

    def _ask_once(self, request: Request, text: str) -> ToolReply:
        return self._ask(self.model, request.system, text, request.tool, self.inference)

    def _patiently(self, call: Callable[[], T]) -> T:
        attempt = 0
        while True:
            if self._clock() > self._until:
                raise RetryableError("The judge's quotas leave no time for more verdicts now; those it gave are kept.")
            try:
                with self._limiter.slot():
                    return call()
            except RetryableError:
                attempt += 1
                if attempt == _AWS_ATTEMPTS:
                    raise
            except AccessDeniedError as error:
                attempt += 1
                if not self._worth_a_wait(error):
                    raise
            longest = min(_LONGEST_WAIT, _SHORTEST_WAIT * 2**attempt)
            self._sleep(random.uniform(0, longest))  # noqa: S311 - jitter, not a secret

    def _may_subscribe(self, denial: AccessDeniedError) -> bool:
        """Whether a subscription may be the reason of a denial; a missing permission to ask is none that ends."""
        return bool(self._known.needs) and "to perform: bedrock:InvokeModel" not in str(denial)

    def _worth_a_wait(self, denial: AccessDeniedError) -> bool:
        """Whether a denial may end by itself. One time for all requests: a judge that stays denied ends them all."""
        self._denied_since = self._clock() if self._denied_since is None else self._denied_since
        return self._may_subscribe(denial) and self._clock() - self._denied_since < _DENIED_SECONDS

    def _key(self, request: Request) -> str:
        asked = [self.model, self.inference, request.system, request.text, request.tool.schema]
        return hashlib.sha256(json.dumps(asked, sort_keys=True, default=dict).encode()).hexdigest()


def _problem(request: Request, reply: ToolReply) -> str:
    if reply.arguments is None:
        return reply.problem or "the reply had no verdict."
    return request.check(reply.arguments) or ""


def tagged(**texts: str) -> str:
    """Texts as `<name>text</name>`, escaped so that none can close its tag; very long ones lose their middle."""
    return "\n\n".join(
        f"<{name}>\n{html.escape(_shortened(text), quote=False)}\n</{name}>" for name, text in texts.items()
    )


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


@cache
def instructions(name: str) -> str:
    """The text of one of the rubrics beside this file."""
    return files(__package__).joinpath(name).read_text("utf-8")
