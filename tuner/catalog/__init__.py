"""What Amazon Bedrock can customize, as data: families.yaml, models.yaml, judges.yaml beside this file.

model("amazon.nova-micro-v1:0:128k").family.hyperparameters["epochCount"].maximum  # 5
check_hyperparameters(model_, {"epochCount": 3})  # {"epochCount": "3", "learningRate": "1e-05", ...}
"""

from tuner.catalog.hyperparameters import check_hyperparameters
from tuner.catalog.models import Family, Hyperparameter, Judge, Model, Records, family_of, judge, judges, model, models

__all__ = [
    "Family",
    "Hyperparameter",
    "Judge",
    "Model",
    "Records",
    "check_hyperparameters",
    "family_of",
    "judge",
    "judges",
    "model",
    "models",
]
