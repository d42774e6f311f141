"""What `tuner spending` prints: the ceilings of a month, and what datasets and runs have reserved and spent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rich.text import Text

from tuner.artifacts.approval import ApprovalAnswer
from tuner.artifacts.costs.amounts import decimals_of, exact_money, money
from tuner.artifacts.costs.ledger import Ceilings, DatasetSpending, LedgerEntry, by_dataset
from tuner.core.strict_model import JsonObject

_NAME_WIDTH = 32


@dataclass(frozen=True, slots=True)
class MonthSpending:
    """The ledger of a month. `dataset`: only this one. `answers`: of the runs that passed a ceiling, by run."""

    month: str
    entries: tuple[LedgerEntry, ...]
    ceilings: Ceilings
    answers: Mapping[str, ApprovalAnswer | None]
    dataset: str | None = None

    @property
    def shown(self) -> tuple[LedgerEntry, ...]:
        """The entries to show, the largest first."""
        found = (entry for entry in self.entries if self.dataset in (None, entry.dataset))
        return tuple(sorted(found, key=lambda entry: (-entry.usd, entry.run_id)))

    def as_json(self) -> JsonObject:
        """What `tuner spending --json` prints."""
        whole = _sum("", self.entries)
        return {
            "month": self.month,
            "reserved_usd": whole.reserved_usd,
            "spent_usd": whole.spent_usd,
            "ceiling_usd": _number(self.ceilings.deployment),
            "ceiling_per_dataset_usd": _number(self.ceilings.dataset),
            "datasets": [each.model_dump(mode="json") for each in by_dataset(self.shown)],
            "runs": [self._run(entry) for entry in self.shown],
        }

    def table(self) -> Text:
        """The same for people, in 80 columns. Nothing is rounded, so that the runs add up to the sums."""
        decimals = decimals_of(entry.usd for entry in self.entries)
        heading = _line(self.month, "reserved", "spent", "ceiling")
        heading.stylize("quiet")
        lines = [heading, _sums("deployment", _sum("", self.entries), self.ceilings.deployment, decimals)]
        lines += [_sums(each.dataset, each, self.ceilings.dataset, decimals) for each in by_dataset(self.shown)]
        lines += [Text(), Text("run", "quiet")]
        for entry in self.shown:
            amount = f"{exact_money(entry.usd, decimals)} {'reserved' if entry.is_open else 'spent'}"
            lines += [Text(entry.run_id, "name"), Text(f"  {amount}, {self._state(entry)}", overflow="fold")]
        return Text("\n").join(lines)

    def _state(self, entry: LedgerEntry) -> str:
        ended = "in progress" if entry.is_open else "ended"
        if not entry.passed:
            return ended
        answer = self.answers.get(entry.run_id)
        said = (
            f"{answer.decision} by {answer.by}" if answer else "waits for approval" if entry.is_open else "unanswered"
        )
        return f"{ended}, would pass the ceiling of the {' and the '.join(entry.passed)}: {said}"

    def _run(self, entry: LedgerEntry) -> JsonObject:
        answer = self.answers.get(entry.run_id)
        return {
            "run_id": entry.run_id,
            "dataset": entry.dataset,
            "reserved_usd": float(entry.reserved_usd),
            "reserved_at": entry.reserved_at,
            "spent_usd": _number(entry.spent_usd),
            "ended_at": entry.ended_at,
            "passed_ceilings": list(entry.passed),
            "approval": {"decision": answer.decision, "by": answer.by, "at": answer.at} if answer else None,
        }


def _sum(name: str, entries: Iterable[LedgerEntry]) -> DatasetSpending:
    found = by_dataset(entries)
    reserved, spent = sum(each.reserved_usd for each in found), sum(each.spent_usd for each in found)
    return DatasetSpending(dataset=name, reserved_usd=reserved, spent_usd=spent)


def _sums(name: str, sums: DatasetSpending, ceiling: Decimal | None, decimals: int) -> Text:
    shown = "none" if ceiling is None else money(ceiling)
    line = _line(name, exact_money(sums.reserved_usd, decimals), exact_money(sums.spent_usd, decimals), shown)
    if ceiling is not None and sums.usd > float(ceiling):
        line.stylize("warn")
    return line


def _line(name: str, reserved: str, spent: str, ceiling: str) -> Text:
    short = name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"
    return Text(f"{short:<{_NAME_WIDTH}}{reserved:>16}{spent:>16}{ceiling:>15}")


def _number(usd: object) -> float | None:
    return None if usd is None else float(str(usd))
