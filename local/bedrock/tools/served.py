"""A judge that is a model after all: an OpenAI-compatible server (Ollama, llama.cpp, vLLM) at LOCAL_JUDGE_URL."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.exceptions import HTTPError

from local.bedrock.errors import ModelError

if TYPE_CHECKING:
    from local.bedrock.settings import Settings
    from local.bedrock.tools.call import ToolCall

_pool = urllib3.PoolManager()


def ask_server(settings: Settings, call: ToolCall, max_tokens: int, temperature: float | None) -> dict[str, Any] | str:
    """The tool's arguments as the served model fills them in, or the words it answered with instead.

    Raises:
        ModelError: the server does not answer, or not as an OpenAI-compatible one.
    """
    body = {
        "model": settings.judge_model or _first_model(settings),
        "messages": [{"role": "system", "content": call.system}] * bool(call.system)
        + [{"role": "user", "content": "\n\n".join((*_tagged(call.documents), call.text))}],
        "tools": [
            {
                "type": "function",
                "function": {"name": call.name, "description": call.description, "parameters": call.schema},
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": call.name}},
        "max_tokens": max_tokens,
    } | ({} if temperature is None else {"temperature": temperature})
    message = _request(settings, "POST", "/chat/completions", body)["choices"][0]["message"]
    for used in message.get("tool_calls") or []:
        if used["function"]["name"] == call.name:
            return _arguments(used["function"]["arguments"])
    return _arguments(message.get("content") or "")


def _tagged(documents: Sequence[str]) -> list[str]:
    """Documents as text: few servers take files. Escaped, so that none can close its tag."""
    return [f"<document>\n{html.escape(text, quote=False)}\n</document>" for text in documents]


def _arguments(text: str | dict[str, Any]) -> dict[str, Any] | str:
    """Servers without forced tools often write the arguments as text: a JSON object is taken, the rest is words."""
    if isinstance(text, dict):
        return text
    try:
        parsed = json.loads(text)
    except ValueError:
        return text
    return parsed if isinstance(parsed, dict) else text


def _first_model(settings: Settings) -> str:
    return str(_request(settings, "GET", "/models")["data"][0]["id"])


def _request(settings: Settings, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    url = settings.judge_url.rstrip("/") + path
    headers = {"Content-Type": "application/json"}
    if settings.judge_api_key:
        headers["Authorization"] = f"Bearer {settings.judge_api_key.get_secret_value()}"
    try:
        response = _pool.request(
            method,
            url,
            body=json.dumps(body).encode() if body else None,
            headers=headers,
            timeout=settings.answer_timeout_seconds,
            retries=False,
        )
        answer: dict[str, Any] = json.loads(response.data)
    except (HTTPError, ValueError) as error:
        raise ModelError(f"The judge at LOCAL_JUDGE_URL ({url}) did not answer: {error}") from error
    if response.status != 200:
        raise ModelError(f"The judge at LOCAL_JUDGE_URL ({url}) answered with status {response.status}: {answer}")
    return answer
