"""What the service does on a schedule, beside the way of readings."""
