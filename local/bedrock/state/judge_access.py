"""Simulates an account's access to judge models: a request quota per minute, and access that is denied later.

Models of other providers are sold through AWS Marketplace. The first call subscribes the account. The subscription may
fail minutes later: calls succeed at first and are denied afterwards (Amazon Bedrock User Guide, "Access Amazon Bedrock
foundation models"). Therefore one successful call does not prove that the account has access.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from local.bedrock.errors import AccessDeniedError, ThrottlingError
from local.bedrock.state.settings import Settings

_MINUTE = timedelta(minutes=1)
# AWS's messages: github.com/anthropics/claude-code/issues/9681 and the troubleshooting page of Bedrock.
DENIED = (
    "Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace "
    "actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access to this model. Refer to "
    "the Amazon Bedrock documentation for further details. Your AWS Marketplace subscription for this model cannot be "
    "completed at this time. If you recently fixed this issue, try again after 2 minutes."
)
TOO_MANY = "Too many requests, please wait before trying again."


class JudgeAccess:
    """Counts the requests to judge models in one account."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._admitted = 0
        self._last_minute: deque[datetime] = deque()

    def admit(self, settings: Settings, now: datetime) -> None:
        """Counts a request to a judge model.

        Raises:
            AccessDeniedError: the account has lost access to the model.
            ThrottlingError: the quota of this minute is used up.
        """
        with self._lock:
            if 0 <= settings.judge_denied_after <= self._admitted:
                raise AccessDeniedError(DENIED)
            while self._last_minute and now - self._last_minute[0] >= _MINUTE:
                self._last_minute.popleft()
            if settings.judge_requests_per_minute and len(self._last_minute) >= settings.judge_requests_per_minute:
                raise ThrottlingError(TOO_MANY)
            self._last_minute.append(now)
            self._admitted += 1
