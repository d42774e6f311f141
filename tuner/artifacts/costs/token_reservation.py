"""The tokens that the paid calls of a part of the run have reserved: next to what the calls are made for."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact
from tuner.core.artifact_keys import Keys

Payer = str
"""What pays: `generation` of data, the answers of a contestant, its `batch/...` job, the `judge` (`judge-2`: the
second), or the `scorer`.

A scorer is paid by the call: its calls are counted in the place of input tokens.
"""

_FURTHER_JUDGE = "judge-"
# No contestant can have such a name.
_BATCH = "batch/"
_FOLDERS = {
    "generation": "generated/reserved/",
    "judge": "scores/verdicts/reserved/",
    "scorer": "scores/verdicts/reserved-scorer/",
}


class Reservation(Artifact):
    """`.../reserved/NNNNN.json`: tokens that were reserved before calls were made. It is never less than the use.

    A call reserves the most that it can take. What an invocation that was killed had reserved stays reserved, because
    nobody knows how much of it was used.
    """

    NAME: ClassVar[str] = "answers/reserved/"  # a folder: one file per shard, for each contestant

    input_tokens: int = 0
    output_tokens: int = 0
    unused_input_tokens: int = Field(
        0, description="the part that replies show not to have been used; they limit no call, and count in the ledger"
    )
    unused_output_tokens: int = 0

    @classmethod
    def folder(cls, payer: Payer) -> str:
        """The folder of a payer's files in the run's folder."""
        if payer.startswith(_FURTHER_JUDGE):
            return f"scores/verdicts/reserved-{payer.removeprefix(_FURTHER_JUDGE)}/"
        if payer.startswith(_BATCH):
            return f"{Keys.batch(payer.removeprefix(_BATCH))}reserved/"
        return _FOLDERS.get(payer, f"{cls.NAME}{payer}/")

    @classmethod
    def name(cls, payer: Payer, shard: int = 0) -> str:
        """Where the file of a payer's shard is in the run's folder. The step that pays may write there."""
        return f"{cls.folder(payer)}{shard:05d}.json"


def batch_payer(contestant: str) -> Payer:
    """What the batch job of a contestant is called here."""
    return f"{_BATCH}{contestant}"


def judge_batch(place: int) -> str:
    """What the batch job of a judge is called, by the judge's place. No contestant can have such a name."""
    return f"judges/{place + 1}"


def judge_payer(place: int) -> Payer:
    """What one of the run's judges is called here, by its place in their list."""
    return f"{_FURTHER_JUDGE}{place + 1}" if place else "judge"
