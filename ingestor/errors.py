"""Every error that a caller may meet, split by what the caller does about it.

IngestorError
├── ConfigError             fix the configuration; carries every problem at once
├── DataDirError            the data directory cannot be used (locked by another process, damaged, not writable)
├── StateError              state.db could not be written just now: nothing was changed, try again later
├── UnknownStoresError      data_dir knows stores that the configuration does not: put back or forget them
├── ListenError             an address of ours cannot be listened on: another program has the port
├── BrokerError             the broker could not be used
│   ├── BrokerUnavailableError   cannot be reached or dropped us: retry with backoff
│   └── BrokerRefusedError       said no, in words: fatal at first start, an alarm with slow retries later
└── StoreError              nothing of the batch was lost by raising this
    ├── StoreUnavailableError    retry the same batch later
    ├── StoreMisconfiguredError  hold everything, raise an alarm, retry slowly
    └── BucketError              hold the points of one bucket, let the others flow

Bad readings are not errors: they are `Flaw` and `Rejection` values (see `ports`), counted and set aside.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self


class Problem(NamedTuple):
    """One thing that is wrong, where it is, and what to do about it; `str()` of it is a line for a person."""

    what: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class IngestorError(Exception):
    """Base of all errors of this package; `str()` of each is one clear line for a person."""


class ConfigError(IngestorError):
    """The configuration cannot be used.

    Args:
        problems: Every problem found, each with its place in the file or the environment.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class DataDirError(IngestorError):
    """The data directory cannot be used: another process holds it, or it cannot be read or written."""


class StateError(IngestorError):
    """`state.db` could not be written (full disk, held by another process); nothing was changed."""


class UnknownStoresError(IngestorError):
    """The data directory holds cursors of stores that the configuration no longer names.

    Args:
        names: Those stores. Their cursors would keep the journal from being freed.
        forget: The command that gives up the first of them, as it can be typed; None where that is not known.
    """

    def __init__(self, names: Sequence[str], *, forget: str | None = None) -> None:
        quoted = ", ".join(names)
        super().__init__(
            f"stores no longer in the configuration: {quoted}. Put them back, or give up what they have not yet "
            f"been sent with: {forget or f'ingestor stores forget {names[0]}'}"
        )
        self.names = tuple(names)


class ListenError(IngestorError):
    """An address that we should answer on cannot be had: taken by another program, not of this machine, or not ours."""


class BrokerError(IngestorError):
    """The broker could not be used."""


class BrokerUnavailableError(BrokerError):
    """The broker cannot be reached, or the connection broke: worth another try soon."""


class BrokerRefusedError(BrokerError):
    """The broker answered and said no (credentials, version, subscription): a person has to act."""


class StoreError(IngestorError):
    """A store did not take a batch; nothing of it was lost."""


class StoreUnavailableError(StoreError):
    """The store cannot take anything right now.

    Args:
        message: What happened, to which store.
        retry_after: Seconds the store asked us to wait, if it said so.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreMisconfiguredError(StoreError):
    """The store refuses everything until a person acts (token, organisation, wrong address)."""


class BucketError(StoreError):
    """One bucket cannot be written (missing, no rights, damaged), or several; the others may be fine.

    Args:
        bucket: Its name.
        message: What happened, in the store's words.

    Attributes:
        bucket: The same; of several the first.
        reasons: All the buckets that one attempt met, and what happened to each.
    """

    def __init__(self, bucket: str, message: str) -> None:
        super().__init__(message)
        self.bucket = bucket
        self.reasons: Mapping[str, str] = {bucket: message}

    @classmethod
    def together(cls, errors: Sequence[Self]) -> Self:
        """Those of one attempt as one; the first gives the message."""
        first = cls(errors[0].bucket, str(errors[0]))
        first.reasons = {bucket: why for error in errors for bucket, why in error.reasons.items()}
        return first
