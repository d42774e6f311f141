"""The settings of the patches, and their documentation."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from local.patches.settings import PatchSettings

PAGE = (Path(__file__).parents[4] / "docs" / "local-cloud.md").read_text("utf-8")


@pytest.mark.parametrize("name", PatchSettings.model_fields)
def test_every_setting_is_documented_with_its_default(name):
    assert f"| `LOCAL_{name.upper()}` | `{PatchSettings.model_fields[name].default:g}` |" in PAGE


def test_settings_come_from_the_environment_and_are_checked(monkeypatch):
    monkeypatch.setenv("LOCAL_CONCURRENCY", "3")
    assert PatchSettings().concurrency == 3
    monkeypatch.setenv("LOCAL_PENDING", "-1")
    with pytest.raises(ValidationError, match="pending"):
        PatchSettings()
