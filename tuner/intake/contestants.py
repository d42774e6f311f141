"""Resolves whom the tuned model of a run is compared with."""

from __future__ import annotations

from tuner.artifacts.evaluation.contestants import MAIN_CONTESTANTS, Contestant
from tuner.settings import RunSettings


def contestants(settings: RunSettings, has_documents: bool) -> tuple[Contestant, ...]:
    """The contestants of a run. Base and tuned model are always there; without serving, nobody else is asked."""
    if settings.serving == "none":
        return MAIN_CONTESTANTS
    asked = settings.compare_with or ()
    others = dict.fromkeys(name for name in asked if name != "base")
    return (*MAIN_CONTESTANTS, *(Contestant(name=name, kind=name) for name in others))
