"""The ingest API and the operator console."""
