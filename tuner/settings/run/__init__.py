"""The keys of run.yaml: `settings.py` has all of them, and one module each section."""
