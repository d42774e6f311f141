"""The metrics of the evaluation, one module each.

To add a metric, add a module here with a subclass of `Metric`, and its measures to tuner/catalog/metrics.py. The metric
is found by its `name`.

Importing this package is fast: a metric imports its library when it grades.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module

from tuner.catalog.metrics import Measure
from tuner.core.errors import SettingsError
from tuner.core.wording import did_you_mean
from tuner.evaluation.metrics.base import Grades, Measures, Metric, ScoringContext

__all__ = ["Grades", "Measure", "Measures", "Metric", "ScoringContext", "all_metrics", "chosen", "measures"]


@cache
def all_metrics() -> dict[str, type[Metric]]:
    """Every metric of this folder by its name."""
    modules = [import_module(f"{__name__}.{entry.name}") for entry in pkgutil.iter_modules(__path__)]
    classes = [kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)]
    metrics = [kind for kind in classes if issubclass(kind, Metric) and not inspect.isabstract(kind)]
    return {kind.name: kind for kind in sorted(metrics, key=lambda kind: kind.name)}


def chosen(names: Iterable[str]) -> list[Metric]:
    """The metrics with these names. Raises SettingsError that suggests the nearest name."""
    known = all_metrics()
    for name in names:
        if name not in known:
            raise SettingsError(f"metrics: there is no metric '{name}'. {did_you_mean(name, known)}")
    # dict.fromkeys: a metric that is named twice is used once, in the order of the names.
    return [known[name]() for name in dict.fromkeys(names)]


def measures() -> dict[str, Measure]:
    """Every measure of every metric by its name."""
    return {measure.name: measure for metric in all_metrics().values() for measure in metric.measures}
