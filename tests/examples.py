"""How many examples Hypothesis tries: few in `make check` and `make test`, ten times as many in `make thorough`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_QUICK, _THOROUGH = 40, 400


def register_profiles() -> None:
    """Registers the profiles and loads `quick`; pytest's `--hypothesis-profile` loads another one."""
    for name, most in (("quick", _QUICK), ("thorough", _THOROUGH)):
        # A slow machine is no error of the code.
        settings.register_profile(name, max_examples=most, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("quick")


def examples(quick: int) -> int:
    """The number of examples of a test whose examples take long: `quick` of them in the profile `quick`."""
    return quick * settings().max_examples // _QUICK
