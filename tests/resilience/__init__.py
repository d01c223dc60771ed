"""What must hold whatever dies: the whole service as a process, a real broker, real files."""
