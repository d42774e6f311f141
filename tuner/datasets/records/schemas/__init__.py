"""The schemas of records: which fields hold what, and how a row becomes a record."""
