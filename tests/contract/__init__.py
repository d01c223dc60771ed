"""What every implementation of a seam must do, one suite over all of them."""
