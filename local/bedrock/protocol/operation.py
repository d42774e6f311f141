"""The types of an operation's handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Parameters and results have the members that botocore's service model names. `validation` checks parameters and
# `serializing` checks results against that model, so a second model per operation would only repeat it.
Params = dict[str, Any]
Result = dict[str, Any]

Operation = Callable[[Params], Result]
