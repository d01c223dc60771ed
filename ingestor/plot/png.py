"""A picture as PNG, by matplotlib, which is imported only here and only when one is drawn."""

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Final

from ingestor.files.table import FileError
from ingestor.plot.picture import Panel, Picture, Stroke, shift

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NEEDS: Final = "a .png is drawn by matplotlib, which is not installed: pip install 'ingestor[plot]'"

COLOURS: Final = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d1f", "#56b4e9", "#444444", "#e69f00", "#7a3ea8", "#b22222",
)  # fmt: skip
"""Told apart by people who see few colours too."""

_WIDTH: Final = 10.0  # inches
_PANEL_HEIGHT: Final = 2.3
_LEAST_HEIGHT: Final = 3.6
_HEAD: Final = 0.75
_FOOT: Final = 0.75
_DPI: Final = 150
_DAY_NS: Final = 86_400 * 10**9
_GREY: Final = "#555555"
_TICKS: Final = ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"]
_TICKS_AT_ZERO: Final = ["", "%Y", "%b", "%d %b", "%H:%M", "%H:%M"]
_BESIDE_TICKS: Final = ["", "%Y", "%Y", "%d %b %Y", "%d %b %Y", "%d %b %Y %H:%M"]


def require() -> None:
    """See whether it can be drawn.

    Raises:
        FileError: Matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise FileError(_NEEDS)


def draw_png(picture: Picture) -> bytes:
    """The file; matplotlib is there."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - nobody else pays for it
    from matplotlib.figure import Figure  # noqa: PLC0415

    heights = [_PANEL_HEIGHT * panel.share for panel in picture.panels]
    height = _HEAD + _FOOT + max(_LEAST_HEIGHT, sum(heights))
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes: Sequence[Axes] = list(
        figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    )
    for axis, panel in zip(axes, picture.panels, strict=True):
        _draw(axis, panel, len(picture.labels))
    _mark_times(axes[-1], picture)
    figure.align_ylabels(axes)
    out = BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a letter that no font has is drawn as a box
        _write(figure, picture, height)
        figure.savefig(out, format="png")
    return out.getvalue()


def _draw(axis: "Axes", panel: Panel, series: int) -> None:
    for stroke in panel.strokes:
        _stroke(axis, panel, stroke, beside=shift(panel, stroke, series=series))
    axis.set_ylabel(_plain(panel.axis), color=_GREY, fontsize=9)
    axis.grid(visible=True, color="#e4e4e4", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color("#bbbbbb")
    axis.tick_params(colors=_GREY, labelsize=9)
    axis.margins(y=0.1)
    if panel.states:
        axis.set_yticks(range(len(panel.states)), [_plain(name) for name in panel.states])
        axis.set_ylim(-0.5, len(panel.states) - 0.5)
    else:
        axis.ticklabel_format(axis="y", useOffset=False)


def _stroke(axis: "Axes", panel: Panel, stroke: Stroke, *, beside: float) -> None:
    colour = COLOURS[stroke.number % len(COLOURS)]
    for piece in stroke.pieces:
        times = [_days(time_ns) for time_ns, _ in piece]
        values = [value + beside for _, value in piece]
        axis.plot(
            times,
            values,
            color=colour,
            linewidth=1.4,
            drawstyle="steps-post" if panel.states else "default",
            marker="o" if len(piece) == 1 else "",
            markersize=4,
            solid_joinstyle="round",
        )


def _mark_times(axis: "Axes", picture: Picture) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415

    locator = AutoDateLocator(tz=picture.zone, minticks=4, maxticks=9)  # type: ignore[no-untyped-call] # its own stubs lack it
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(
        ConciseDateFormatter(  # type: ignore[no-untyped-call]
            locator, tz=picture.zone, formats=_TICKS, offset_formats=_BESIDE_TICKS, zero_formats=_TICKS_AT_ZERO
        )
    )
    axis.set_xlim(_days(picture.start_ns), _days(picture.stop_ns))
    axis.set_xlabel(f"time ({picture.zone})", color=_GREY, loc="left")  # the date stands on the right


def _write(figure: "Figure", picture: Picture, height: float) -> None:
    """Titles, the legend beside the panels, and notes below them."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    top, bottom = _HEAD / height, (0.3 if picture.notes else 0.05) / height
    figure.get_layout_engine().set(rect=(0.0, bottom, 1.0, 1.0 - top - bottom))  # type: ignore[union-attr,call-arg] # it is the constrained one
    at = 0.12 / _WIDTH
    figure.text(at, 1 - 0.12 / height, _plain(picture.title), ha="left", va="top", fontsize=14, fontweight="bold")
    figure.text(at, 1 - 0.42 / height, _plain(picture.subtitle), ha="left", va="top", fontsize=9.5, color=_GREY)
    figure.text(at, 0.08 / height, _plain("; ".join(picture.notes)), fontsize=8.5, color=_GREY, style="italic")
    if not picture.told_by:
        return
    handles = [
        Line2D([], [], color=COLOURS[number % len(COLOURS)], linewidth=2.2, label=_plain(label))
        for number, label in enumerate(picture.labels)
    ]
    legend = figure.legend(
        handles=handles,
        loc="outside right upper",
        title=_plain(picture.told_by),
        frameon=False,
        fontsize=9,
        alignment="left",
    )
    legend.get_title().set_color(_GREY)
    figure.draw_without_rendering()  # room is made for it beside the panels; then it moves below the titles
    figure.set_layout_engine("none")
    legend.set_bbox_to_anchor((0.0, 0.0, 1.0, 1.0 - top))


def _days(time_ns: int) -> float:
    """What matplotlib counts, since 1970 UTC."""
    return time_ns / _DAY_NS


def _plain(text: str) -> str:
    """Text without a meaning for matplotlib, which reads formulas between two dollars."""
    return text.replace("$", r"\$")
