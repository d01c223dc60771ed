"""Times, sizes and counts as people read them."""

from datetime import UTC, datetime

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
_SPANS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def readable_time(time_ns: int) -> str:
    """A moment, in UTC, to the millisecond."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def short_time(time_ns: int, *, now_ns: int) -> str:
    """The same in less room: without the date of today, or else without seconds."""
    moment, now = (datetime.fromtimestamp(ns / 1e9, UTC) for ns in (time_ns, now_ns))
    return f"{moment:%H:%M:%SZ}" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%MZ}"


def readable_size(size: int) -> str:
    """Bytes in the largest unit that fits: `4.0 GiB`."""
    value, unit = float(size), _SIZES[0]
    for unit in _SIZES:
        if value < 1024 or unit == _SIZES[-1]:
            break
        value /= 1024
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def readable_span(secs: float) -> str:
    """Seconds in the two largest units that fit: `3 d 4 h`, or just `7 d`; tenths below a minute."""
    if secs < 60:
        return f"{secs:.1f} s"
    at = next(at for at, (_, size) in enumerate(_SPANS) if secs >= size)
    (name, size), (smaller, smaller_size) = _SPANS[at : at + 2]
    whole, rest = int(secs // size), int(secs % size) // smaller_size
    return f"{whole} {name} {rest} {smaller}" if rest else f"{whole} {name}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 route`, `1,200 routes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
