"""From what devices publish to a configuration that stores it; pure."""
