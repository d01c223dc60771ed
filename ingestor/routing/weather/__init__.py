"""What weather services answer, and what it becomes."""
