"""One record: how it is recognised, checked against a model family's rules, and written."""
