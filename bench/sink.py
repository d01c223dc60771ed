"""An HTTP server that takes line protocol like InfluxDB and only counts it: `python -m bench.sink PORT`.

GET /count answers with the number of lines received so far.
"""

import gzip
import sys

from aiohttp import web


class Sink:
    """Counts the lines of all writes."""

    def __init__(self) -> None:
        self._lines = 0

    async def write(self, request: web.Request) -> web.Response:
        """Count the lines of one request, compressed or not, and accept it."""
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self._lines += body.count(b"\n") + (not body.endswith(b"\n"))
        return web.Response(status=204)

    async def count(self, _request: web.Request) -> web.Response:
        """The number of lines so far."""
        return web.json_response(self._lines)


def main() -> None:
    """Serve until this process is ended."""
    sink = Sink()
    application = web.Application(client_max_size=1 << 26)
    application.add_routes([web.post("/api/v2/write", sink.write), web.get("/count", sink.count)])
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
