"""The checks of `tuner doctor`: account, deployed stack, models and quotas."""

from tuner.cli.checks.check import Check, CheckResult, quick_client

__all__ = ["Check", "CheckResult", "quick_client"]
