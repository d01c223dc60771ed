"""What became of a point that was refused in more than one place, told once. Pure."""

from collections.abc import Iterable

from ingestor.ports import Rejection


def one_a_point(rejections: Iterable[Rejection]) -> list[Rejection]:
    """The same with one rejection for each point, in the order in which the points were first named.

    The first reason counts, all details are told, and nothing of the point is stored where one of them says so.
    """
    merged: dict[int, Rejection] = {}
    for later in rejections:
        first = merged.setdefault(later.at, later)
        if first is not later:
            fields = (*first.fields, *later.fields) if first.fields and later.fields else ()
            merged[later.at] = first._replace(detail=f"{first.detail}; {later.detail}", fields=fields)
    return list(merged.values())
