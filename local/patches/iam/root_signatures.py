"""Signature checks for the root user's access keys. MiniStack accepts these keys without checking the signature.

`test` and any twelve digits are such keys, so every process on the machine would be the administrator. Here the
signature of a root key must be made with the secret that `tuner local env` prints, as for every other key.
"""

from ministack.core import iam_evaluator


def install() -> None:
    """Exempts no key from the signature check. MiniStack decides elsewhere which principal a key belongs to."""
    iam_evaluator._is_root_key = lambda access_key_id: False
