"""Payloads as commands show them: any bytes at all, and not always text."""


def payload_text(payload: bytes, *, limit: int | None = None) -> str:
    """The payload for people: text, with what is not UTF-8 as escapes; cut after `limit` bytes, and said so."""
    text = payload[:limit].decode("utf-8", "backslashreplace")
    return text if limit is None or len(payload) <= limit else f"{text}… ({len(payload):,} bytes)"


def payload_json(payload: bytes) -> dict[str, str]:
    """The payload for programs: `payload` where it is UTF-8, else `payload_hex`."""
    try:
        return {"payload": payload.decode()}
    except UnicodeDecodeError:
        return {"payload_hex": payload.hex()}
