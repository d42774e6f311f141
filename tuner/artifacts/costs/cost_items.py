"""The items that a run can cost: their ids, which code compares, and their labels, which people read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class CostItemId(StrEnum):
    """What is paid for. Artifacts hold the value, so a value must not change; a label may."""

    GENERATION_INPUT = "generation_input"
    GENERATION_OUTPUT = "generation_output"
    TRAINING = "training"
    CUSTOM_MODEL_STORAGE = "custom_model_storage"
    BASE_MODEL_INPUT = "base_model_input"
    BASE_MODEL_OUTPUT = "base_model_output"
    TUNED_MODEL_INPUT = "tuned_model_input"
    TUNED_MODEL_OUTPUT = "tuned_model_output"
    COMPARED_INPUT = "compared_input"
    """What another contestant reads: the item names it."""
    COMPARED_OUTPUT = "compared_output"
    BATCH_INPUT = "batch_input"
    """What a contestant reads in a batch job: the item names it."""
    BATCH_OUTPUT = "batch_output"
    THROUGHPUT = "provisioned_throughput"
    KEPT_THROUGHPUT = "provisioned_throughput_kept"
    ONE_MONTH_COMMITMENT = "commitment_one_month"
    SIX_MONTHS_COMMITMENT = "commitment_six_months"
    JUDGE_TEST = "judge_test"
    """The request with which the preflight finds out whether the judge answers."""
    JUDGE_INPUT = "judge_input"
    JUDGE_OUTPUT = "judge_output"
    JUDGE_BATCH_INPUT = "judge_batch_input"
    """What a judge reads in a batch job."""
    JUDGE_BATCH_OUTPUT = "judge_batch_output"
    SCORER_TEST = "scorer_test"
    """The same for a scorer of the deployment's own."""
    SCORER_CALLS = "scorer_calls"
    LAMBDA_TIME = "lambda_time"
    LAMBDA_CALLS = "lambda_calls"
    STEP_FUNCTIONS = "step_functions"
    S3_WRITES = "s3_writes"
    S3_READS = "s3_reads"
    S3_STORAGE = "s3_storage"
    OTHER = "other"
    """An item that this version does not know: another version wrote it, and its label says what it is."""


LABELS: Mapping[CostItemId, str] = {
    CostItemId.GENERATION_INPUT: "Generation, reading",
    CostItemId.GENERATION_OUTPUT: "Generation, writing",
    CostItemId.TRAINING: "Training",
    CostItemId.CUSTOM_MODEL_STORAGE: "Custom model storage",
    CostItemId.BASE_MODEL_INPUT: "Base model, questions",
    CostItemId.BASE_MODEL_OUTPUT: "Base model, answers",
    CostItemId.TUNED_MODEL_INPUT: "Tuned model, questions",
    CostItemId.TUNED_MODEL_OUTPUT: "Tuned model, answers",
    CostItemId.COMPARED_INPUT: "Compared, questions",
    CostItemId.COMPARED_OUTPUT: "Compared, answers",
    CostItemId.BATCH_INPUT: "In batch, questions",
    CostItemId.BATCH_OUTPUT: "In batch, answers",
    CostItemId.THROUGHPUT: "Provisioned throughput",
    CostItemId.KEPT_THROUGHPUT: "Throughput kept afterwards",
    CostItemId.ONE_MONTH_COMMITMENT: "Commitment, OneMonth",
    CostItemId.SIX_MONTHS_COMMITMENT: "Commitment, SixMonths",
    CostItemId.JUDGE_TEST: "Judge, test request",
    CostItemId.JUDGE_INPUT: "Judge, reading",
    CostItemId.JUDGE_OUTPUT: "Judge, grades",
    CostItemId.JUDGE_BATCH_INPUT: "Judge in batch, reading",
    CostItemId.JUDGE_BATCH_OUTPUT: "Judge in batch, grades",
    CostItemId.SCORER_TEST: "Own scorer, test call",
    CostItemId.SCORER_CALLS: "Own scorer, calls",
    CostItemId.LAMBDA_TIME: "Lambda, time",
    CostItemId.LAMBDA_CALLS: "Lambda, calls",
    CostItemId.STEP_FUNCTIONS: "Step Functions",
    CostItemId.S3_WRITES: "S3, writes",
    CostItemId.S3_READS: "S3, reads",
    CostItemId.S3_STORAGE: "S3, storage",
    CostItemId.OTHER: "Other",
}
"""The labels in reports and terminals. No code compares them."""

GENERATION = frozenset({CostItemId.GENERATION_INPUT, CostItemId.GENERATION_OUTPUT})
COMPARED = frozenset({CostItemId.COMPARED_INPUT, CostItemId.COMPARED_OUTPUT})
BATCH = frozenset({CostItemId.BATCH_INPUT, CostItemId.BATCH_OUTPUT})
JUDGE_BATCH = frozenset({CostItemId.JUDGE_BATCH_INPUT, CostItemId.JUDGE_BATCH_OUTPUT})
COMMITMENTS = frozenset({CostItemId.ONE_MONTH_COMMITMENT, CostItemId.SIX_MONTHS_COMMITMENT})
OVERHEAD = frozenset(
    {
        CostItemId.LAMBDA_TIME,
        CostItemId.LAMBDA_CALLS,
        CostItemId.STEP_FUNCTIONS,
        CostItemId.S3_WRITES,
        CostItemId.S3_READS,
        CostItemId.S3_STORAGE,
    }
)
"""The cost of the pipeline itself. No step measures its actual use."""
TESTS = frozenset({CostItemId.JUDGE_TEST, CostItemId.SCORER_TEST})
"""What the preflight pays for, before the estimate."""
NOT_MEASURED = OVERHEAD | TESTS | {CostItemId.SCORER_CALLS}
"""What a bill has as estimated."""

# Release 0.1.0 wrote labels and no ids. These are its labels, so they stay as they are when LABELS changes.
_IDS_BY_LABEL_OF_0_1_0: Mapping[str, CostItemId] = {
    "Generation, reading": CostItemId.GENERATION_INPUT,
    "Generation, writing": CostItemId.GENERATION_OUTPUT,
    "Training": CostItemId.TRAINING,
    "Custom model storage": CostItemId.CUSTOM_MODEL_STORAGE,
    "Base model, questions": CostItemId.BASE_MODEL_INPUT,
    "Base model, answers": CostItemId.BASE_MODEL_OUTPUT,
    "Tuned model, questions": CostItemId.TUNED_MODEL_INPUT,
    "Tuned model, answers": CostItemId.TUNED_MODEL_OUTPUT,
    "Provisioned throughput": CostItemId.THROUGHPUT,
    "Throughput kept afterwards": CostItemId.KEPT_THROUGHPUT,
    "Commitment, OneMonth": CostItemId.ONE_MONTH_COMMITMENT,
    "Commitment, SixMonths": CostItemId.SIX_MONTHS_COMMITMENT,
    "Judge, reading": CostItemId.JUDGE_INPUT,
    "Judge, verdicts": CostItemId.JUDGE_OUTPUT,
    "Lambda, time": CostItemId.LAMBDA_TIME,
    "Lambda, calls": CostItemId.LAMBDA_CALLS,
    "Step Functions": CostItemId.STEP_FUNCTIONS,
    "S3, writes": CostItemId.S3_WRITES,
    "S3, reads": CostItemId.S3_READS,
    "S3, storage": CostItemId.S3_STORAGE,
}


def known_id(written: object, label: str) -> CostItemId:
    """The id of an item in an artifact: the one that is written, or that of a label of release 0.1.0."""
    if written is None:
        return _IDS_BY_LABEL_OF_0_1_0.get(label, CostItemId.OTHER)
    return CostItemId(written) if isinstance(written, str) and written in set(CostItemId) else CostItemId.OTHER
