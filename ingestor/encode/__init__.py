"""What stores have in common in how points are written. Pure."""
