"""Keys of a run's artifacts in the artifacts bucket."""

from __future__ import annotations

import re

_CONTESTANT = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def contestant_name(name: str) -> str:
    """Returns `name`. Raises ValueError when it cannot be the name of a contestant: names are parts of keys."""
    if not _CONTESTANT.fullmatch(name):
        raise ValueError(
            f"'{name}' cannot be the name of a contestant: it must begin with a small letter and have at most 32 small "
            "letters, digits, hyphens and underscores"
        )
    return name


class Keys:
    """Names of a run's artifacts inside `runs/<run id>/`."""

    MANIFEST = "run.json"
    PREFLIGHT = "preflight.json"
    TRAINING = "dataset/training.jsonl"
    VALIDATION = "dataset/validation.jsonl"
    EVALUATION = "dataset/evaluation.jsonl"
    GUARD = "dataset/guard.jsonl"
    PASSAGES = "dataset/passages.jsonl"
    GENERATED = "generated/validation.jsonl"
    GENERATED_TRAINING = "generated/training.jsonl"
    GENERATED_EVALUATION = "generated/evaluation.jsonl"
    GENERATED_SUMMARY = "generated/summary.json"
    GENERATION_PLAN = "generated/plan.json"
    GENERATED_REPLIES = "generated/replies/"
    DATASET_SUMMARY = "dataset/summary.json"
    FINDINGS = "dataset/findings.json"
    ESTIMATE = "estimate.json"
    APPROVAL = "approval/request.json"
    APPROVAL_ANSWER = "approval/answer.json"
    TRAINING_JOB = "training/job.json"
    TRAINING_OUTPUT = "training/output/"
    CANDIDATES = "candidates/"
    BATCH = "batch/"
    TRAINING_SUMMARY = "training/summary.json"
    ENDPOINT = "serving/endpoint.json"
    COMMITMENT = "serving/commitment.json"
    SCORES = "scores/scores.json"
    GUARD_SCORES = "scores/shards/guard.json"
    GATE = "scores/gate.json"
    LOOKS = "scores/shards/looks.json"
    REPORT = "report/report.json"
    REPORT_PAGE = "report/index.html"
    REPORT_CARD = "report/card.json"
    NOTIFIED = "report/notified.json"
    # Shared by all runs: next to the runs' folders.
    OVERVIEW = "runs/index.html"
    INDEX = "runs/index.json"  # the summaries (report/card.json) of all runs
    ENDPOINT_TIMES = "runs/endpoint-times.json"
    PRICES = "runs/prices.json"  # responses of AWS's price list, for a day

    @staticmethod
    def answers(contestant: str, shard: int) -> str:
        """A contestant's answers to one shard of the questions."""
        return f"answers/{contestant}/{shard:05d}.jsonl"

    @staticmethod
    def guard_answers(contestant: str) -> str:
        """A contestant's answers to the guard questions."""
        return f"answers/guard/{contestant}.jsonl"

    @staticmethod
    def contexts(contestant: str) -> str:
        """What the prompts of a contestant have beside the questions."""
        return f"dataset/contexts/{contestant}.jsonl"

    @staticmethod
    def candidate(number: int) -> str:
        """The part of the run's folder that has the training artifacts of a candidate."""
        return f"{Keys.CANDIDATES}{number}/"

    @staticmethod
    def batch(contestant: str) -> str:
        """The part of the run's folder that has the batch job of a contestant."""
        return f"{Keys.BATCH}{contestant}/"

    @staticmethod
    def training(fingerprint: str) -> str:
        """The record of runs that train on the same content with the same hyperparameters. Shared by all runs."""
        return f"runs/training-{fingerprint}.json"

    @staticmethod
    def folder(run: str) -> str:
        """The prefix of the run's artifacts."""
        return f"runs/{run}/"
