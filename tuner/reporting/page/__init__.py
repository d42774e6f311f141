"""The report, and the table of all runs, as HTML pages."""
