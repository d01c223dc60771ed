"""Reading back what is stored, from any store, as Arrow tables."""
