"""What `tuner doctor` looks at: the account, the deployment, the models and the quotas."""

from tuner.cli.checks.check import Check, Task, quick

__all__ = ["Check", "Task", "quick"]
