"""A TCP proxy on loopback that can be told to swallow everything: a network that fails without a word."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 65_536


class Proxy:
    """Passes bytes between clients and a server; use it as a context manager.

    Args:
        target: The server's port on loopback.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._swallowing: set[socket.socket] = set()
        self.connections = 0

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in (self._listener, *self._open):
            _hang_up(end)

    def swallow(self) -> None:
        """From now on nothing passes the connections that are open, not even their end; new ones are passed."""
        self._swallowing.update(self._open)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._open += [client, server]
            self.connections += 1
            threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # one of both is closed
            while data := source.recv(_CHUNK_BYTES):
                if source not in self._swallowing:
                    sink.sendall(data)
        if source not in self._swallowing:
            _hang_up(sink)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):  # hung up already
        end.shutdown(socket.SHUT_RDWR)
    end.close()
