"""The table of devices in CSV."""

import pytest

from ingestor.config import Device
from ingestor.configfile.devicelist import parse_devices
from ingestor.errors import ConfigError

TABLE = """id,rack,place,temperature.offset,humidity.factor,interval,from,until
s1,1,"north, left",-0.5,,5m,,2026-11-24T12:00:00+08:00

s2,2,,,1.02,,2026-11-24T12:00:00+08:00,
"""


def test_columns_are_tags_unless_they_are_something_else() -> None:
    """A row says the same as one of the configuration."""
    noon = "2026-11-24T12:00:00+08:00"
    rows = [
        {"id": "s1", "tags": {"rack": "1", "place": "north, left"}, "calibration": {"temperature": {"offset": -0.5}},
         "interval": "5m", "until": noon},
        {"id": "s2", "tags": {"rack": "2"}, "calibration": {"humidity": {"factor": 1.02}}, "from": noon},
    ]  # fmt: skip

    assert parse_devices(TABLE, "d.csv") == [Device.model_validate(row) for row in rows]
    assert parse_devices("id;rack\ns1;1\n", "d.csv") == [Device(id="s1", tags={"rack": "1"})]
    assert parse_devices("id\n", "d.csv") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["d.csv:1: the first line names the columns, and one of them is id"]),
        ("id,a,a\n", ["d.csv:1: column 'a' is there twice, or has no name"]),
        ("id\ns1,2\n", ["d.csv:2: has 2 cells, and there are 1 columns"]),
        ('id\n"s1\n', ["d.csv:2: not CSV: unexpected end of data"]),
        (
            "id,rack,interval,t.offset,from\n,1,5,x,noon\n",
            [
                "d.csv:2: id: is missing",
                "d.csv:2: t.offset: must be a number",
                "d.csv:2: interval: a duration is a number with a unit: 500ms, 30s, 5m, 12h, 7d or 2w",
            ],
        ),
    ],
)
def test_every_fault_is_told_with_its_line(text: str, found: list[str]) -> None:
    """All that can be told at once."""
    with pytest.raises(ConfigError) as raised:
        parse_devices(text, "d.csv")

    assert [str(problem) for problem in raised.value.problems][: len(found)] == found
