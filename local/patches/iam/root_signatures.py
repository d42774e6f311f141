"""MiniStack takes every request signed with the root's access key for the root's, without looking at the signature.

`test` and any twelve digits are such keys, so that every process of the machine would be the administrator. Here a root
key is checked like every other: its signature must come from the secret that only `tuner local env` prints.
"""

from ministack.core import iam_evaluator


def install() -> None:
    """Leave no key out of the signature check; whether a key is the root's is asked elsewhere, and stays as it is."""
    iam_evaluator._is_root_key = lambda access_key_id: False
