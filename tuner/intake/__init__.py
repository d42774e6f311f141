"""Starts runs from files in the data bucket: wait for the upload, pin the files, resolve the settings."""
