"""The list of contestants."""

import pytest
from pydantic import TypeAdapter, ValidationError

from tuner.artifacts.evaluation.contestants import CONTESTANTS, ContestantName

_adapter = TypeAdapter(ContestantName)


@pytest.mark.parametrize("name", CONTESTANTS)
def test_a_contestant_of_the_list_is_accepted(name: str) -> None:
    assert _adapter.validate_python(name) == name


def test_any_other_name_is_refused_with_the_list() -> None:
    with pytest.raises(ValidationError, match="no contestant 'other'; there are: base, tuned"):
        _adapter.validate_python("other")
