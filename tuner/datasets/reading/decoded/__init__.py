"""Readers of files that another process decodes: Parquet and XLSX. A damaged file can end only that process."""
