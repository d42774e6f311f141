"""The models that Amazon Bedrock can customize, the judges, BERTScore's encoders and the metrics, as data.

The facts and their sources are in the YAML files of this folder.

model("amazon.nova-micro-v1:0:128k").family.hyperparameters["epochCount"].maximum  # 5
check_hyperparameters(model_, {"epochCount": 3})  # {"epochCount": "3", "learningRate": "0.00001", ...}
default_judge("us-east-1").id  # amazon.nova-pro-v1:0
"""

from tuner.catalog.data_files import Source, sources
from tuner.catalog.hyperparameters import WARMUP, check_hyperparameters, plain_decimal, recommended_warmup
from tuner.catalog.judges import Judge, default_judge, judge, judge_or_assumed, judges
from tuner.catalog.models import Family, Hyperparameter, Model, Records, family_of, model, models

__all__ = [
    "WARMUP",
    "Family",
    "Hyperparameter",
    "Judge",
    "Model",
    "Records",
    "Source",
    "check_hyperparameters",
    "default_judge",
    "family_of",
    "judge",
    "judge_or_assumed",
    "judges",
    "model",
    "models",
    "plain_decimal",
    "recommended_warmup",
    "sources",
]
