"""Scores the answers of the contestants with metrics, and decides whether the tuned model is better."""

import os

# NumPy reads this once, when it is imported, which happens only in this package's modules. BERTScore multiplies many
# small matrices: with more threads per product, OpenBLAS spends 20 times the processor time on waiting for them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
