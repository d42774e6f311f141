"""Where a run's artifacts are in the artifacts bucket."""

from __future__ import annotations


class Keys:
    """Names of a run's artifacts inside `runs/<run id>/`."""

    MANIFEST = "run.json"
    PREFLIGHT = "preflight.json"
    TRAINING = "dataset/training.jsonl"
    VALIDATION = "dataset/validation.jsonl"
    EVALUATION = "dataset/evaluation.jsonl"
    GENERATED = "generated/validation.jsonl"
    GENERATED_SUMMARY = "generated/summary.json"
    GENERATED_REPLIES = "generated/replies/"
    DATASET_SUMMARY = "dataset/summary.json"
    FINDINGS = "dataset/findings.json"
    ESTIMATE = "estimate.json"
    APPROVAL = "approval/request.json"
    APPROVAL_ANSWER = "approval/answer.json"
    TRAINING_JOB = "training/job.json"
    TRAINING_OUTPUT = "training/output/"
    TRAINING_SUMMARY = "training/summary.json"
    ENDPOINT = "serving/endpoint.json"
    COMMITMENT = "serving/commitment.json"
    SCORES = "scores/scores.json"
    GATE = "scores/gate.json"
    REPORT = "report/report.json"
    REPORT_PAGE = "report/index.html"
    REPORT_CARD = "report/card.json"
    NOTIFIED = "report/notified.json"
    OVERVIEW = "runs/index.html"  # of all runs: beside their folders, not in one
    INDEX = "runs/index.json"  # the cards of all runs
    ENDPOINT_TIMES = "runs/endpoint-times.json"  # beside them too
    PRICES = "runs/prices.json"  # and what AWS's price list answered

    @staticmethod
    def answers(contestant: str, shard: int) -> str:
        """Where a contestant's answers to one shard of the questions are."""
        return f"answers/{contestant}/{shard:05d}.jsonl"

    @staticmethod
    def training(fingerprint: str) -> str:
        """Which runs train with the same content: beside their folders, not in one."""
        return f"runs/training-{fingerprint}.json"

    @staticmethod
    def folder(run: str) -> str:
        """The run's folder in the artifacts bucket."""
        return f"runs/{run}/"
