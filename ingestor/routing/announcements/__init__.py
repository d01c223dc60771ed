"""What devices announce of themselves, as they do it for Home Assistant, read and made into rows of `routes`."""
