"""A picture as a page that a browser shows without a network: plotly's script is inside. Imported only here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from ingestor.files.table import FileError
from ingestor.plot.picture import Panel, Picture, Stroke, moment, shift
from ingestor.plot.png import COLOURS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

_NEEDS: Final = "an .html page is drawn by plotly, which is not installed: pip install 'ingestor[web]'"

_PANEL_HEIGHT: Final = 240  # pixels
_LEAST_HEIGHT: Final = 380
_AROUND: Final = 150
_BETWEEN: Final = 40
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>body {{ font-family: system-ui, sans-serif; color: #222; margin: 1.5em auto; max-width: 75em; padding: 0 1em }}
h1 {{ font-size: 1.4em; margin: 0 }} p {{ color: #555; margin: .3em 0 }} .notes {{ font-style: italic }}</style>
</head>
<body>
<h1>{title}</h1>
<p>{subtitle}</p>
{figure}
{notes}
</body>
</html>
"""


def require() -> None:
    """See whether it can be drawn.

    Raises:
        FileError: Plotly is not installed.
    """
    if find_spec("plotly") is None:
        raise FileError(_NEEDS)


def draw_page(picture: Picture) -> bytes:
    """The page, in UTF-8; plotly is there."""
    clock = _Clock(picture)
    notes = [*picture.notes, *clock.notes]
    text = _PAGE.format(
        policy=_POLICY,
        title=escape(picture.title),
        subtitle=escape(picture.subtitle),
        notes=f'<p class="notes">{escape("; ".join(notes))}</p>' if notes else "",
        figure=_figure(picture, clock).to_html(
            full_html=False,
            include_plotlyjs=True,
            config={"displaylogo": False, "responsive": True, "plotlyServerURL": ""},
        ),
    )
    return text.encode()


class _Clock:
    """Places on the axis of time, which knows no time zones: it shows what the clock showed at the end.

    A clock that was changed meanwhile would show an hour twice, or pass one over; so its times before the change are
    shown as if it had been changed already, and what the pointer shows is exact.
    """

    def __init__(self, picture: Picture) -> None:
        self._zone = picture.zone
        end = moment(picture.stop_ns, self._zone)
        self._ahead = end.utcoffset() or timedelta()
        self.notes: Sequence[str] = ()
        self.title = f"time ({self._zone})"
        if moment(picture.start_ns, self._zone).utcoffset() != self._ahead:
            self.title = f"time (UTC{end:%z})"
            self.notes = [
                f"the clock of {self._zone} was changed in this time: the axis shows UTC{end:%z}, the pointer both"
            ]

    def place(self, time_ns: int) -> datetime:
        """Where a time is."""
        local = moment(time_ns, self._zone)
        return (local.replace(tzinfo=None) - (local.utcoffset() or timedelta())) + self._ahead

    def told(self, time_ns: int) -> str:
        """A time for whoever points at it."""
        return f"{moment(time_ns, self._zone):%Y-%m-%d %H:%M:%S %Z}"


def _figure(picture: Picture, clock: _Clock) -> "Figure":
    from plotly.subplots import make_subplots  # noqa: PLC0415 - nobody else pays for it

    heights = [_PANEL_HEIGHT * panel.share for panel in picture.panels]
    count = len(heights)
    height = max(_LEAST_HEIGHT, sum(heights)) + _AROUND
    figure = make_subplots(
        rows=count, cols=1, shared_xaxes=True, vertical_spacing=_BETWEEN / height, row_heights=heights
    )
    named: set[int] = set()
    for row, panel in enumerate(picture.panels, start=1):
        for stroke in panel.strokes:
            figure.add_trace(_trace(picture, panel, stroke, clock, named=stroke.number not in named), row=row, col=1)
            named.add(stroke.number)
        figure.update_yaxes(title_text=escape(panel.axis, quote=False), row=row, col=1)
        if panel.states:
            names = [escape(name, quote=False) for name in panel.states]
            span = [-0.5, len(names) - 0.5]
            figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, range=span, row=row, col=1)
    lines = {"gridcolor": "#e4e4e4", "linecolor": "#bbbbbb", "ticks": "outside", "tickcolor": "#bbbbbb"}
    figure.update_xaxes(type="date", range=[clock.place(picture.start_ns), clock.place(picture.stop_ns)], **lines)
    figure.update_xaxes(title_text=escape(clock.title, quote=False), row=count, col=1)
    figure.update_yaxes(type="linear", zeroline=False, automargin=True, exponentformat="power", **lines)
    figure.update_layout(
        height=height,
        template="plotly_white",
        margin={"t": 20, "r": 20},
        showlegend=bool(picture.told_by),
        legend={"title": {"text": escape(picture.told_by, quote=False)}},
    )
    return figure


def _trace(picture: Picture, panel: Panel, stroke: Stroke, clock: _Clock, *, named: bool) -> "Scatter":
    from plotly.graph_objects import Scatter  # noqa: PLC0415

    times: list[datetime | None] = []
    values: list[float | None] = []
    told: list[str] = []
    lonely: list[int] = []
    beside = shift(panel, stroke, series=len(picture.labels))
    for piece in stroke.pieces:
        lonely.append(6 if len(piece) == 1 else 0)
        times += [*(clock.place(time_ns) for time_ns, _ in piece), None]
        values += [*(value + beside for _, value in piece), None]  # and so numbers: of booleans plotly makes names
        told += [*(_told(panel, clock, time_ns, value) for time_ns, value in piece), ""]
    sizes = [size for size, piece in zip(lonely, stroke.pieces, strict=True) for _ in range(len(piece) + 1)]
    return Scatter(
        x=times,
        y=values,
        mode="lines+markers" if any(lonely) else "lines",
        marker={"size": sizes, "opacity": 1, "line": {"width": 0}} if any(lonely) else None,
        line={"color": COLOURS[stroke.number % len(COLOURS)], "width": 1.6, "shape": "hv" if panel.states else None},
        name=escape(picture.labels[stroke.number], quote=False),
        legendgroup=str(stroke.number),
        showlegend=named,
        text=told,
        hovertemplate="%{text}",
        connectgaps=False,
    )


def _told(panel: Panel, clock: _Clock, time_ns: int, value: float) -> str:
    said = panel.states[int(value)] if panel.states else f"{value:.6g}" + (f" {panel.unit}" if panel.unit else "")
    return f"{clock.told(time_ns)}<br>{escape(said, quote=False)}"
