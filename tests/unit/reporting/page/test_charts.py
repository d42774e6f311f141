"""The charts."""

import re

import pytest
from pygal.etree import etree

from tuner.artifacts.report import Report
from tuner.artifacts.training import TrainingSummary
from tuner.reporting.page.charts import loss_chart


def curves(**facts: object) -> str:
    return loss_chart(TrainingSummary.model_validate(facts)) or ""


def drawing(report: Report) -> str:
    assert report.training
    drawn = loss_chart(report.training)
    assert drawn
    return drawn


def test_a_chart_has_no_style_script_or_id(report: Report) -> None:
    drawn = drawing(report)
    assert not re.search(r"<style|<script|<defs|style=|id=|<!--", drawn)
    assert 'role="img" aria-label="Loss curves"' in drawn


def test_a_chart_is_the_same_without_lxml(report: Report) -> None:
    with_lxml = drawing(report)
    try:
        etree.to_etree()
        without = drawing(report)
    finally:
        etree.to_lxml()
    places = re.compile(r'(?: d| cx| class)="([^"]*)"')
    assert sorted(places.findall(without)) == sorted(places.findall(with_lxml))
    assert "<!--" not in without


def test_the_chart_has_every_curve_and_the_best_epoch(report: Report) -> None:
    drawn = drawing(report)
    for name in ("training-step", "training-epoch", "validation", "best"):
        assert f"series {name}" in drawn


def test_labels_keep_their_digits() -> None:
    drawn = curves(epochs=[{"epoch": 1, "training_loss": 5.30}, {"epoch": 2, "training_loss": 5.25}])
    labels = re.findall(r"<text [^>]*>([\d.]+)</text>", drawn)
    assert len(labels) == len(set(labels))


def test_epochs_alone_are_drawn() -> None:
    drawn = curves(epochs=[{"epoch": 1, "training_loss": 2.0}, {"epoch": 2, "training_loss": 1.0}])
    assert "series training-epoch" in drawn
    assert ">Epoch<" in drawn


def test_one_epoch_and_equal_losses_can_be_drawn() -> None:
    assert curves(epochs=[{"epoch": 1, "training_loss": 2.0, "validation_loss": 2.0}], best_epoch=1)


@pytest.mark.slow
def test_many_steps_are_reduced() -> None:
    many = [{"step": at, "epoch": 1, "training_loss": 1.0} for at in range(100_000)]
    assert len(curves(steps=many)) < 20_000


def test_there_is_no_chart_without_losses() -> None:
    assert curves() == ""
