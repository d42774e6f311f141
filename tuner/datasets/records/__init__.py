"""One record of a dataset: schema detection, rules of the model family, and output formats."""
