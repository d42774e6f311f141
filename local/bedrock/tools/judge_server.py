"""Asks a language model instead of the stand-ins: an OpenAI-compatible server at LOCAL_JUDGE_URL.

Ollama, llama.cpp and vLLM are such servers.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from local.bedrock.errors import ModelError
from local.bedrock.state.settings import Settings
from local.bedrock.tools.tool_call import ToolCall
from local.errors import LocalCloudError

# A server that loads its model lists it at once.
_START_TIMEOUT_SECONDS = 5.0
_pool = urllib3.PoolManager()


def ask_server(settings: Settings, call: ToolCall, max_tokens: int, temperature: float | None) -> dict[str, Any] | str:
    """The tool's arguments from the server's model, or the text that it answered with instead of using the tool.

    Raises:
        ModelError: the server does not answer, or returns an error.
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
    # Some servers ignore tool_choice and call another tool, or write the arguments as text.
    for used in message.get("tool_calls") or []:
        if used["function"]["name"] == call.name:
            return _arguments(used["function"]["arguments"])
    return _arguments(message.get("content") or "")


def _tagged(documents: Sequence[str]) -> list[str]:
    """Documents as text, because few servers accept files. Escaped, so that a document cannot close its own tag."""
    return [f"<document>\n{html.escape(text, quote=False)}\n</document>" for text in documents]


def _arguments(text: str | dict[str, Any]) -> dict[str, Any] | str:
    """The arguments in a text, if it is a JSON object. Servers without forced tools often write arguments as text."""
    if isinstance(text, dict):
        return text
    try:
        parsed = json.loads(text)
    except ValueError:
        return text
    return parsed if isinstance(parsed, dict) else text


def ask_judge_server(settings: Settings) -> None:
    """Asks the server at LOCAL_JUDGE_URL for its models, if one is set.

    Raises LocalCloudError when it does not answer, or does not have the model LOCAL_JUDGE_MODEL.
    """
    if not settings.judge_url:
        return
    quick = settings.model_copy(update={"answer_timeout_seconds": _START_TIMEOUT_SECONDS})
    try:
        models = [str(entry["id"]) for entry in _request(quick, "GET", "/models")["data"]]
    except (ModelError, KeyError, TypeError) as error:
        why = str(error) if isinstance(error, ModelError) else f"{settings.judge_url}/models is no list of models."
        raise LocalCloudError(f"{why.rstrip('.')}. Start the server, correct LOCAL_JUDGE_URL, or unset it.") from None
    if not models or settings.judge_model not in ("", *models):
        wanted = settings.judge_model or "any model"
        raise LocalCloudError(
            f"The judge at LOCAL_JUDGE_URL ({settings.judge_url}) does not have {wanted}. "
            f"It has: {', '.join(models) or 'none'}. Set LOCAL_JUDGE_MODEL to one of them."
        )


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
