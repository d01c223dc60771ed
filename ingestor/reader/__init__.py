"""Reading back what is stored, from any store, as Arrow tables.

`Reader` is the door for what is async, and `read` for what is not.
"""

from typing import TYPE_CHECKING

__all__ = ["QuestionError", "Reader", "SyncReader", "read"]

if TYPE_CHECKING:
    from ingestor.reader.question import QuestionError
    from ingestor.reader.reader import Reader
    from ingestor.reader.sync import SyncReader, read
else:
    _PLACES = {"QuestionError": "question", "Reader": "reader", "SyncReader": "sync", "read": "sync"}

    def __getattr__(name: str) -> object:
        """Import when somebody asks: only what reads pays for Arrow."""
        from importlib import import_module  # noqa: PLC0415 - see above

        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
        except ModuleNotFoundError as error:
            if error.name != "pyarrow":
                raise
            raise ImportError("reading needs Arrow, which is not installed: pip install 'ingestor[reader]'") from error
