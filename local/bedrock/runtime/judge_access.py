"""What an account may ask of a model that judges: so many requests a minute, and none once access is denied.

Models of other providers are sold through AWS Marketplace. The first call subscribes the account, which may fail
minutes later: calls are answered at first and denied from then on (Amazon Bedrock User Guide, "Access Amazon Bedrock
foundation models"). So one call that works proves nothing.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from local.bedrock.errors import AccessDeniedError, ThrottlingError
from local.bedrock.settings import Settings

_MINUTE = timedelta(minutes=1)
# As AWS words them: github.com/anthropics/claude-code/issues/9681 and Bedrock's troubleshooting page.
DENIED = (
    "Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace "
    "actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access to this model. Refer to "
    "the Amazon Bedrock documentation for further details. Your AWS Marketplace subscription for this model cannot be "
    "completed at this time. If you recently fixed this issue, try again after 2 minutes."
)
TOO_MANY = "Too many requests, please wait before trying again."


class JudgeAccess:
    """Counts the requests of one account."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered = 0
        self._recent: deque[datetime] = deque()

    def admit(self, settings: Settings, now: datetime) -> None:
        """Counts a request.

        Raises:
            AccessDeniedError: the account has lost access to the model.
            ThrottlingError: the minute's requests are used up.
        """
        with self._lock:
            if 0 <= settings.judge_denied_after <= self._answered:
                raise AccessDeniedError(DENIED)
            while self._recent and now - self._recent[0] >= _MINUTE:
                self._recent.popleft()
            if settings.judge_requests_per_minute and len(self._recent) >= settings.judge_requests_per_minute:
                raise ThrottlingError(TOO_MANY)
            self._recent.append(now)
            self._answered += 1
