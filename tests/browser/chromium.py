"""A real Chromium that fetches nothing from beyond this machine, and tells what a page asked for and complained of."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

from playwright.async_api import Browser, ConsoleMessage, Page, Playwright, async_playwright

Result = TypeVar("Result")

NAMES = ("chromium", "chromium-browser", "google-chrome")
START_SECS = 30.0
VISIT_SECS = 45.0
_ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--force-color-profile=srgb",
)


def find_chromium() -> str | None:
    """The path of Chromium; None where it is not installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass(frozen=True, slots=True)
class Tab:
    """An open page.

    Attributes:
        page: What a visit works with.
        requests: The addresses of all that it asked for, its own among them.
        faults: Errors on its console, what its scripts raised, and what it could not load.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note from now on what the page does."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", lambda request: self.faults.append(f"{request.url}: {request.failure}"))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.faults.extend(_complaints(message)))


def _complaints(message: ConsoleMessage) -> list[str]:
    return [message.text] if message.type in {"error", "warning"} else []


class Chromium:
    """One browser for many visits, each with a fresh profile. Use it as a context manager.

    Its event loop runs only while a visit does, so that tests between visits have loops of their own.

    Args:
        program: The path of Chromium.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self._runner = asyncio.Runner()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self._runner.__enter__()
        self._runner.run(asyncio.wait_for(self._start(), START_SECS))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._runner.run(asyncio.wait_for(self._stop(), START_SECS))
        self._runner.__exit__(kind, error, trace)

    def visit(self, visit: Callable[[Tab], Awaitable[Result]], *, width: int = 1200, height: int = 900) -> Result:
        """What the visit returns.

        Args:
            visit: It gets a tab in which nothing is open yet.
            width: Of the window, in pixels.
            height: Of the window.

        Raises:
            TimeoutError: It took too long.
        """
        return self._runner.run(asyncio.wait_for(self._visit(visit, width=width, height=height), VISIT_SECS))

    async def _start(self) -> None:
        self._playwright = await async_playwright().start()
        # Without Chromium's own sandbox, which root cannot have, and many containers: it sees pages of ours alone.
        self._browser = await self._playwright.chromium.launch(
            executable_path=self._program, args=_ARGUMENTS, chromium_sandbox=False
        )

    async def _stop(self) -> None:
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()

    async def _visit(self, visit: Callable[[Tab], Awaitable[Result]], *, width: int, height: int) -> Result:
        assert self._browser is not None
        context = await self._browser.new_context(viewport={"width": width, "height": height})
        try:
            tab = Tab(await context.new_page())
            tab.listen()
            return await visit(tab)
        finally:
            await context.close()
