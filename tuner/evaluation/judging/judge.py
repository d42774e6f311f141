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
from functools import cache, partial
from importlib.resources import files
from typing import TypeVar

from pydantic import JsonValue

from tuner.artifacts.evaluation.judgments import GradeArguments, Judgment, Judgments, PreferenceArguments
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.aws.bedrock.tool_call import (
    Tool,
    ToolReply,
    fill_in_tool,
    most_input_tokens,
    record_of_batch,
    reply_of_batch,
)
from tuner.aws.clients import Response
from tuner.catalog import judge_or_assumed
from tuner.catalog.judges import InferenceConfig
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import AccessDeniedError, AwsError, RetryableError, SpendingLimitError, TunerError
from tuner.core.strict_model import JsonObject
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

    With `as_text`, it asks for JSON as text, as batch jobs do, also where the model can be forced to call a tool.

    With a `meter`, a judgment is missing when a further request could cost more than was approved for the run.

    After `until`, on its clock, it asks nothing more and raises RetryableError: the caller saves the judgments that
    there are and continues in another invocation.
    """

    def __init__(
        self,
        model: str,
        settings: JudgeSettings,
        judgments: Judgments | None = None,
        ask: AskOnce | None = None,
        sleep: Callable[[float], None] = time.sleep,
        limiter: ConcurrencyLimiter | None = None,
        clock: Callable[[], float] = time.monotonic,
        until: float = math.inf,
        longest_answer: int | None = None,
        meter: Meter | None = None,
        as_text: bool = False,
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
        self._as_text = as_text
        self._ask: AskOnce = ask or partial(fill_in_tool, as_text=as_text)
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
        facts = MetricFacts(model=self.model, name=name, assumed=self.known.assumed, inference=dict(self.inference))
        # Set only where it is true, so that the file has it only there.
        return facts.model_copy(update={"as_text": True}) if self._as_text and self.known.forced_tool else facts

    def shown(self, answer: str) -> str:
        """The answer as the judge reads it. More than `longest_answer` bytes, escaped, lose their middle."""
        return answer if self._longest_answer is None else _within(answer, self._longest_answer)

    @staticmethod
    def counts(judgments: Collection[Judgment]) -> dict[str, int]:
        """How many judgments were asked for, are missing, and came from a stand-in; and the tokens they took.

        Judgments of batch jobs are counted only if there are some. Equal answers share one judgment of a job.
        """
        of_jobs = {id(judgment): judgment for judgment in judgments if judgment.batch_input_tokens}.values()
        read = sum(judgment.batch_input_tokens for judgment in of_jobs)
        written = sum(judgment.batch_output_tokens for judgment in of_jobs)
        in_batch = sum(bool(judgment.batch_input_tokens) for judgment in judgments)
        batch = {"in_batch": in_batch, "batch_input_tokens": read, "batch_output_tokens": written}
        return {
            "asked": len(judgments),
            "missing": sum(judgment.arguments is None for judgment in judgments),
            "stand_in": sum(bool(judgment.stand_in) for judgment in judgments),
            "input_tokens": read + sum(each.input_tokens - each.batch_input_tokens for each in judgments),
            "output_tokens": written + sum(each.output_tokens - each.batch_output_tokens for each in judgments),
            **(batch if in_batch else {}),
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
        """The judgment that is cached, or that of new attempts. A missing judgment says why in `problem`.

        Errors of this request go to `refusals`. Raises the errors that concern all requests: see `judge`.
        """
        key = self.key(request)
        made = self.judgments.get(key) or Judgment(arguments=None)
        if made.arguments is not None:
            return made
        problem = made.problem
        for _ in range(made.attempts, self._settings.attempts):
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
                return made.model_copy(update={"problem": str(error), "attempts": 0})
            # An unusable reply is kept too: another invocation must not pay for the same attempts again.
            self.judgments[key] = made = _judgment(request, reply, made)
            if not (problem := made.problem):
                return made
        return made.model_copy(update={"problem": f"no usable judgment in {made.attempts} attempts: {problem}"})

    def _ask_once(self, request: Request, text: str) -> ToolReply:
        if self._meter is None:
            return self._ask(self.model, request.system, text, request.tool, self.inference)
        return self._meter.ask(
            self.most_tokens(request, text),
            lambda: self._ask(self.model, request.system, text, request.tool, self.inference),
        )

    def _with_retries(self, call: Callable[[], T]) -> T:
        """The result of `call`, which is repeated after throttling, lost connections and, for a while, denials.

        Raises the last error, or RetryableError when the time of the invocation is up.
        """
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

    def most_tokens(self, request: Request, text: str | None = None) -> Tokens:
        """The most tokens that the request takes, with another `text` if there is one."""
        shown = request.text if text is None else text
        read = most_input_tokens(self.model, request.system, shown, request.tool, self._as_text)
        return Tokens(read, int(self.inference["maxTokens"]))

    def batch_record(self, request: Request) -> JsonObject:
        """The request in a batch job."""
        return record_of_batch(request.system, request.text, request.tool, self.inference)

    def take_from_batch(self, request: Request, output: Response) -> Judgment:
        """Keeps the judgment in the output of a batch job, usable or not: it was the first attempt."""
        reply = reply_of_batch(output, request.system, request.text, request.tool)
        made = _judgment(request, reply, Judgment(arguments=None))
        tokens = {"batch_input_tokens": reply.input_tokens, "batch_output_tokens": reply.output_tokens}
        self.judgments[self.key(request)] = made = made.model_copy(update=tokens)
        return made

    def key(self, request: Request) -> str:
        """The request among the judgments that are kept."""
        # Everything that can change the reply. Another temperature, for instance, is another request.
        asked: list[object] = [self.model, self.inference, request.system, request.text, request.tool.schema]
        asked += ["as text"] if self._as_text else []
        return hashlib.sha256(json.dumps(asked, sort_keys=True, default=dict).encode()).hexdigest()


def _judgment(request: Request, reply: ToolReply, earlier: Judgment) -> Judgment:
    """The judgment with this reply, which came after the earlier attempts."""
    problem = _problem(request, reply)[:_LONGEST_PROBLEM]
    return earlier.model_copy(
        update={
            "arguments": None if problem else request.arguments.model_validate(reply.arguments),
            "problem": problem,
            "stand_in": "" if problem else reply.stand_in,
            "input_tokens": earlier.input_tokens + reply.input_tokens,
            "output_tokens": earlier.output_tokens + reply.output_tokens,
            "attempts": earlier.attempts + 1,
        }
    )


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
