"""Finds who costs least at which number of answers a month: the lower envelope of straight lines."""

from __future__ import annotations

from collections.abc import Iterable

from tuner.artifacts.report.contestants import ServiceLine, VolumeRange


def cheapest(lines: Iterable[ServiceLine]) -> tuple[VolumeRange, ...]:
    """Who costs least from which number of answers a month, from 0 on. Lines with an unknown cost are left out.

    Of lines that cost the same, the one with the lower cost of an answer counts, then the first one.
    """
    known = [line for line in lines if line.fixed_usd is not None and line.request_usd is not None]
    found: list[VolumeRange] = []
    start = 0.0
    line = min(known, key=lambda each: (_fixed(each), _request(each)), default=None)
    while line:
        crossings = [(_crossing(line, other), other) for other in known if _request(other) < _request(line)]
        # Several lines can cross at one point: the flattest one goes on.
        until, following = min(crossings, key=lambda each: (each[0], _request(each[1])), default=(None, None))
        if not found or found[-1].contestant != line.contestant or found[-1].served != line.name:
            found.append(
                VolumeRange(
                    contestant=line.contestant,
                    title=line.title,
                    served=line.name,
                    from_answers=start,
                    until_answers=until,
                )
            )
        start, line = until or 0.0, following
    return tuple(each for each in found if each.until_answers is None or each.until_answers > each.from_answers)


def _crossing(line: ServiceLine, flatter: ServiceLine) -> float:
    return (_fixed(flatter) - _fixed(line)) / (_request(line) - _request(flatter))


def _fixed(line: ServiceLine) -> float:
    return line.fixed_usd or 0.0


def _request(line: ServiceLine) -> float:
    return line.request_usd or 0.0
