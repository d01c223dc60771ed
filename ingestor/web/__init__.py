"""Health and metrics over HTTP."""

from ingestor.web.server import WebServer

__all__ = ["WebServer"]
