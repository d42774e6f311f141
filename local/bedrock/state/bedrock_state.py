"""The state that every handler of the local Bedrock receives."""

from __future__ import annotations

from pathlib import Path

from local.bedrock.state.clock import Clock, utc_now
from local.bedrock.state.judge_access import JudgeAccess
from local.bedrock.state.settings import Settings
from local.bedrock.state.store import Store


class BedrockState:
    """Records, settings and clock. Replace `settings` as a whole to change them while the cloud runs."""

    def __init__(self, folder: Path, settings: Settings, clock: Clock = utc_now) -> None:
        # A function, because `settings` may be replaced: the store needs the current number of stale reads.
        self.store = Store(folder, lambda: self.settings.stale_reads)
        self.settings = settings
        self.clock = clock
        self.judge_access = JudgeAccess()
