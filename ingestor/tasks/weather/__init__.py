"""Weather services, and how they are asked."""
