"""What `ingestor check` looks at, a subject a file; each returns findings and none of them raises."""
