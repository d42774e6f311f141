import pytest

from tuner.core.times import begun_hours


@pytest.mark.parametrize(("seconds", "hours"), [(0, 1), (1, 1), (3600, 1), (3600.5, 2), (7200, 2), (7201, 3)])
def test_begun_hours_count_whole(seconds: float, hours: int) -> None:
    assert begun_hours(seconds) == hours
