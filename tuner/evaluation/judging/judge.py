"""Asks a language model, through Converse, to judge answers, and checks its replies.

The judge must reply by calling a tool. A model that cannot be forced to call one gets the tool's schema in the prompt
(tuner/aws/bedrock/tool_call.py). A reply that does not fit the schema is asked for again. After the last attempt the
judgment is missing; no default takes its place. Attempts are counted over all invocations of a step, because each is
paid for. The answers are escaped in the prompt, so that no answer can give the judge instructions.
"""

from __future__ import annotations

import hashlib
import html
import json
import math
import random
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeVar

from pydantic import JsonValue

from tuner.artifacts.evaluation.judgments import GradeArguments, Judgment, Judgments, PreferenceArguments
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.aws.bedrock.tool_call import Tool, ToolReply, fill_in_tool, most_input_tokens
from tuner.catalog import judge_or_assumed
from tuner.catalog.judges import InferenceConfig
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import AccessDeniedError, AwsError, RetryableError, SpendingLimitError, TunerError
from tuner.costs.meter import Meter, Tokens
from tuner.settings import JudgeSettings

AskOnce = Callable[[str, str, str, Tool, InferenceConfig], ToolReply]
T = TypeVar("T")

# Characters of the longest text that is shown whole to the judge.
_LONGEST_TEXT = 24_000
# Characters of the reason why a reply could not be used, which the next request repeats.
_LONGEST_PROBLEM = 500
# The most concurrent requests. The limiter decides how many there really are, by how the endpoint responds.
CONCURRENCY = 32
_AWS_ATTEMPTS = 12
_SHORTEST_WAIT = 0.25
_LONGEST_WAIT = 20.0
# How long a denied judge that needs a subscription in AWS Marketplace is asked again. According to AWS, a subscription
# can take two minutes to work, and calls can succeed for 15 minutes before a failed subscription denies them.
_DENIED_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Request:
    """What the judge is asked: the instructions, the texts to judge, and the tool to reply with."""

    system: str
    text: str
    tool: Tool
    # Returns None when the tool's arguments are usable, else a sentence that says what is wrong with them.
    check: Callable[[JsonValue], str | None]
    arguments: type[GradeArguments | PreferenceArguments]


class Judge:
    """Asks for judgments, several at a time, and caches them with their attempts by the content of the request.

    With a `meter`, a judgment is missing when a further request could cost more than was approved for the run.

    After `until`, on its clock, it asks nothing more and raises RetryableError: the caller saves the judgments that
    there are and continues in another invocation.
    """

    def __init__(
        self,
        model: str,
        settings: JudgeSettings,
        judgments: Judgments | None = None,
        ask: AskOnce = fill_in_tool,
        sleep: Callable[[float], None] = time.sleep,
        limiter: ConcurrencyLimiter | None = None,
        clock: Callable[[], float] = time.monotonic,
        until: float = math.inf,
        longest_answer: int | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.model = model
        self.known = judge_or_assumed(model)
        self._denied_since: float | None = None
        self._clock = clock
        self._until = until
        self._longest_answer = longest_answer
        self._meter = meter
        self.judgments: Judgments = {} if judgments is None else judgments
        self._settings = settings
        self._ask = ask
        self._sleep = sleep
        self._limiter = limiter or ConcurrencyLimiter(CONCURRENCY)

    @property
    def inference(self) -> InferenceConfig:
        """Converse's inferenceConfig. It has temperature or topP, never both, because some models refuse both."""
        settings = self._settings
        return self.known.inference_config(settings.max_tokens, settings.temperature, settings.top_p)

    def about(self, judgments: Collection[Judgment]) -> MetricFacts:
        """The model, its real name, and how it was asked."""
        stand_in = next((judgment.stand_in for judgment in judgments if judgment.stand_in), "")
        name = stand_in or self.known.name
        return MetricFacts(model=self.model, name=name, assumed=self.known.assumed, inference=dict(self.inference))

    def shown(self, answer: str) -> str:
        """The answer as the judge reads it. More than `longest_answer` bytes, escaped, lose their middle."""
        return answer if self._longest_answer is None else _within(answer, self._longest_answer)

    @staticmethod
    def counts(judgments: Collection[Judgment]) -> dict[str, int]:
        """How many judgments were asked for, are missing, and came from a stand-in; and the tokens they took."""
        return {
            "asked": len(judgments),
            "missing": sum(judgment.arguments is None for judgment in judgments),
            "stand_in": sum(bool(judgment.stand_in) for judgment in judgments),
            "input_tokens": sum(judgment.input_tokens for judgment in judgments),
            "output_tokens": sum(judgment.output_tokens for judgment in judgments),
        }

    def judge(self, requests: Sequence[Request]) -> list[Judgment]:
        """A judgment for each request, in their order.

        Raised at once: QuotaError; RetryableError after its last attempt; AccessDeniedError, unless a missing
        subscription can be the reason. Any other error counts as a missing judgment. It is raised if no request got a
        judgment, because then it concerns all of them (no such model, for instance). Judgments from before an error
        stay in `judgments`.
        """
        refusals: list[TunerError] = []
        with ThreadPoolExecutor(self._limiter.maximum) as pool:
            futures = [pool.submit(self._judgment, request, refusals) for request in requests]
            try:
                found = [future.result() for future in futures]
            except BaseException:
                # Requests that have not started would only cost money: the caller gives up.
                pool.shutdown(cancel_futures=True)
                raise
        if refusals and all(judgment.arguments is None for judgment in found):
            raise refusals[0]
        return found

    def _judgment(self, request: Request, refusals: list[TunerError]) -> Judgment:
        key = self._key(request)
        made = self.judgments.get(key) or Judgment(arguments=None)
        if made.arguments is not None:
            return made
        problem, read, written = made.problem, made.input_tokens, made.output_tokens
        for attempt in range(made.attempts + 1, self._settings.attempts + 1):
            # Saying what was wrong helps: without it, a model at temperature 0 would repeat the same reply.
            text = request.text + (f"\n\nYour last reply could not be used: {problem}" if problem else "")
            try:
                reply = self._with_retries(lambda text=text: self._ask_once(request, text))  # type: ignore[misc]
            except SpendingLimitError as error:
                return made.model_copy(update={"problem": str(error)})
            except (AwsError, AccessDeniedError) as error:
                if isinstance(error, AccessDeniedError) and not self._may_lack_subscription(error):
                    raise
                refusals.append(error)
                return Judgment(arguments=None, problem=str(error), input_tokens=read, output_tokens=written)
            read, written = read + reply.input_tokens, written + reply.output_tokens
            problem = _problem(request, reply)[:_LONGEST_PROBLEM]
            # An unusable reply is kept too: another invocation must not pay for the same attempts again.
            self.judgments[key] = made = Judgment(
                arguments=None if problem else request.arguments.model_validate(reply.arguments),
                problem=problem,
                stand_in="" if problem else reply.stand_in,
                input_tokens=read,
                output_tokens=written,
                attempts=attempt,
            )
            if not problem:
                return made
        return made.model_copy(update={"problem": f"no usable judgment in {made.attempts} attempts: {problem}"})

    def _ask_once(self, request: Request, text: str) -> ToolReply:
        if self._meter is None:
            return self._ask(self.model, request.system, text, request.tool, self.inference)
        read = most_input_tokens(self.model, request.system, text, request.tool)
        written = int(self.inference["maxTokens"])
        return self._meter.ask(
            Tokens(read, written),
            lambda: self._ask(self.model, request.system, text, request.tool, self.inference),
        )

    def _with_retries(self, call: Callable[[], T]) -> T:
        attempt = 0
        while True:
            if self._clock() > self._until:
                raise RetryableError(
                    "The judge's quotas left no time for all judgments in this invocation. The judgments so far are "
                    "saved, and the next invocation continues."
                )
            try:
                with self._limiter.slot():
                    return call()
            except RetryableError:
                attempt += 1
                if attempt == _AWS_ATTEMPTS:
                    raise
            except AccessDeniedError as error:
                attempt += 1
                if not self._can_wait(error):
                    raise
            # Full jitter: requests that were throttled together do not come back together.
            longest = min(_LONGEST_WAIT, _SHORTEST_WAIT * 2**attempt)
            self._sleep(random.uniform(0, longest))  # noqa: S311 - jitter, not a secret

    def _may_lack_subscription(self, denial: AccessDeniedError) -> bool:
        """Whether a missing subscription can be the reason of a denial, which then can end by itself."""
        # AWS names the action when a role lacks a permission. That does not end by itself.
        return bool(self.known.needs) and "to perform: bedrock:InvokeModel" not in str(denial)

    def _can_wait(self, denial: AccessDeniedError) -> bool:
        """Whether to ask again after a denial. All requests share one deadline, because they share the judge."""
        self._denied_since = self._clock() if self._denied_since is None else self._denied_since
        return self._may_lack_subscription(denial) and self._clock() - self._denied_since < _DENIED_SECONDS

    def _key(self, request: Request) -> str:
        # Everything that can change the reply. Another temperature, for instance, is another request.
        asked = [self.model, self.inference, request.system, request.text, request.tool.schema]
        return hashlib.sha256(json.dumps(asked, sort_keys=True, default=dict).encode()).hexdigest()


def _problem(request: Request, reply: ToolReply) -> str:
    if reply.arguments is None:
        return reply.problem or "the reply had no judgment."
    return request.check(reply.arguments) or ""


def tagged(**texts: str) -> str:
    """Texts as `<name>text</name>`, escaped so that no text can close its tag. A very long text loses its middle."""
    return "\n\n".join(
        f"<{name}>\n{html.escape(_shortened(text), quote=False)}\n</{name}>" for name, text in texts.items()
    )


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    half = _LONGEST_TEXT // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def _within(text: str, most: int) -> str:
    """The text, without its middle if it has more than `most` bytes when it is escaped."""
    first, last = text, ""
    while (size := len(html.escape(first + last, quote=False).encode("utf-8", "surrogatepass"))) > most:
        whole = first + last
        half = max(0, len(whole) * most // size // 2 - 1)
        first, last = whole[:half], whole[len(whole) - half :]
    return text if first == text else f"{first}\n[... left out ...]\n{last}"


@cache
def instructions(name: str) -> str:
    """The judge's instructions in one of the Markdown files of this folder."""
    return files(__package__).joinpath(name).read_text("utf-8")
