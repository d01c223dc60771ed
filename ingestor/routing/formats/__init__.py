"""How payloads are written; one format a file."""
