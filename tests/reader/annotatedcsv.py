"""A slow and plain reader and writer of annotated CSV, by the format's description: what ours is judged by."""

import io
from collections.abc import Sequence
from typing import NamedTuple

Cell = str | None
"""What stands in a cell; None for one that is left empty, and "" for an empty text in quotes."""


class Block(NamedTuple):
    """One block: its columns, each with name, datatype, whether it belongs to the group key, default; and its rows."""

    columns: Sequence[tuple[str, str, bool, str]]
    rows: Sequence[Sequence[Cell]]


def written(blocks: Sequence[Block], *, line_end: str = "\r\n", order: str = "dgD") -> str:
    """The blocks as a server writes them; `order` is that of datatype, group and Default."""
    text = io.StringIO(newline="")
    for number, block in enumerate(blocks):
        lines = {
            "d": ["#datatype", *(datatype for _, datatype, _, _ in block.columns)],
            "g": ["#group", *(str(group).lower() for _, _, group, _ in block.columns)],
            "D": ["#default", *(default for _, _, _, default in block.columns)],
        }
        head = [*(lines[one] for one in order), ["", *(name for name, _, _, _ in block.columns)]]
        text.write(line_end if number else "")
        for line in head:
            text.write(",".join(map(_plain, line)) + line_end)
        for row in block.rows:
            text.write(",".join(["", *map(_cell, row)]) + line_end)
    return text.getvalue() or line_end


def understood(text: str) -> list[tuple[list[str], list[list[Cell]]]]:
    """Names and rows of each block that has rows, with defaults in place of empty cells, character by character."""
    blocks: list[tuple[list[str], list[list[Cell]]]] = []
    defaults: list[str] = []
    head = True
    for record in _records(text):
        if record == [None]:
            head = True
        elif record[0] is not None and record[0].startswith("#"):
            head = True
            if record[0] == "#default":
                defaults = [cell or "" for cell in record[1:]]
        elif head:
            blocks.append(([cell or "" for cell in record[1:]], []))
            head = False
        else:
            cells = zip(record[1:], defaults, strict=True)
            blocks[-1][1].append([default or None if cell is None else cell for cell, default in cells])
    return [block for block in blocks if block[1]]


def _records(text: str) -> list[list[Cell]]:
    records: list[list[Cell]] = []
    record: list[Cell] = []
    cell: Cell = None
    quoted = False
    at = 0
    while at < len(text):
        sign = text[at]
        at += 1
        if quoted:
            if sign != '"':
                cell = (cell or "") + sign
            elif text[at : at + 1] == '"':
                cell = (cell or "") + '"'
                at += 1
            else:
                quoted = False
        elif sign == '"':
            quoted, cell = True, ""
        elif sign == ",":
            record.append(cell)
            cell = None
        elif sign in "\r\n":
            at += sign == "\r" and text[at : at + 1] == "\n"
            records.append([*record, cell])
            record, cell = [], None
        else:
            cell = (cell or "") + sign
    return records


def _cell(cell: Cell) -> str:
    return "" if cell is None else _plain(cell) or '""'


def _plain(text: str) -> str:
    """A cell as it is written: in quotes where it has to be."""
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in '",\r\n') else text
