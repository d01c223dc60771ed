"""From a topic and bytes to points: templates, models, formats, times. Pure: no clock, no socket, no task."""

from ingestor.routing.filters import subscriptions
from ingestor.routing.table import RoutingTable

__all__ = ["RoutingTable", "subscriptions"]
