"""Readings in files: CSV, line protocol and Parquet, written and read back."""
