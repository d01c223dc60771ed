"""An HTTP server that takes line protocol like InfluxDB and only counts it: `python -m bench.sink PORT`.

GET /count answers with the number of lines so far, and of the bytes that their bodies took as they came.
"""

import gzip
import sys

from aiohttp import web


class Sink:
    """Counts the lines and the bytes of all writes."""

    def __init__(self) -> None:
        self._lines = 0
        self._bytes = 0

    async def write(self, request: web.Request) -> web.Response:
        """Count one request, compressed or not, and accept it."""
        body = await request.read()
        self._bytes += len(body)
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self._lines += body.count(b"\n") + (not body.endswith(b"\n"))
        return web.Response(status=204)

    async def query(self, _request: web.Request) -> web.Response:
        """Answer any question as a bucket that is empty does."""
        return web.json_response({"results": [{"statement_id": 0}]})

    async def count(self, _request: web.Request) -> web.Response:
        """What came so far."""
        return web.json_response({"lines": self._lines, "bytes": self._bytes})


def main() -> None:
    """Serve until this process is ended."""
    sink = Sink()
    application = web.Application(client_max_size=1 << 26)
    application.add_routes([
        web.post("/api/v2/write", sink.write),
        web.get("/query", sink.query),
        web.get("/count", sink.count),
    ])  # fmt: skip
    port = int(sys.argv[1])
    # Unpacked by aiohttp, bodies would have lost the size in which they came.
    web.run_app(application, host="127.0.0.1", port=port, print=None, access_log=None, auto_decompress=False)


if __name__ == "__main__":
    main()
