"""Takes the journal to one store, in order, with exact accounts of what became of each message."""

from ingestor.delivery.loop import Delivery

__all__ = ["Delivery"]
