"""Imports into stores of tests."""

from pathlib import Path
from typing import Any

from ingestor.encode.types import TypeRegistry
from ingestor.importing import Import, Options, Summary
from ingestor.ports import Store
from ingestor.stores.memory import MemoryStore
from ingestor.writer import BatchWriter, OnFault
from tests.support import run


def bring_in(
    file: Path,
    store: Store,
    *,
    options: Options | None = None,
    timeout_secs: float = 50,
    **more: Any,  # noqa: ANN401 - of Import
) -> Summary:
    """What an import into a store tells."""

    async def main() -> Summary:
        async with store:
            engine = BatchWriter("local", store, types=TypeRegistry({}), on_fault=OnFault.RAISE)
            return await Import(file, options or Options("Farm"), **more).run(engine)

    return run(main(), timeout_secs=timeout_secs)


def bring_in_text(folder: Path, name: str, text: str, **more: Any) -> tuple[Summary, MemoryStore]:  # noqa: ANN401 - of bring_in
    """The same for a file with that text; and what was stored."""
    (folder / name).write_text(text, encoding="utf-8")
    store = MemoryStore()
    return bring_in(folder / name, store, **more), store
