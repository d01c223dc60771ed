"""Value templates of Home Assistant: the common forms are understood, and everything else is refused."""

from contextlib import suppress
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.announcements.template import TemplateError, ValueTemplate, read_template


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("{{ value }}", None),
        ("{{value}}", None),
        ("{{- value -}}", None),
        ("{{ value_json.a.b }}", ("a", "b")),
        ("{{ value_json['a']['b'] }}", ("a", "b")),
        ('{{ value_json["a b"] }}', ("a b",)),
        ("{{ value_json.sensors[0].temp }}", ("sensors", 0, "temp")),
        ("{{ value_json.x | default('') }}", ("x",)),
        ("{{ value_json.x | is_defined }}", ("x",)),
        ("{{ (value_json.x) }}", ("x",)),
    ],
)
def test_where_a_value_stands_is_understood(text: str, steps: tuple[str | int, ...] | None) -> None:
    """The payload itself, or a way into its JSON."""
    assert read_template(text) == ValueTemplate(steps)


@pytest.mark.parametrize(
    ("text", "factor", "offset"),
    [
        ("{{ value | float }}", 1, 0),
        ("{{ value | int }}", 1, 0),
        ("{{ value | float | round(1) }}", 1, 0),
        ("{{ value | float / 10 }}", 0.1, 0),
        ("{{ (value * 0.1) | round(2) }}", 0.1, 0),
        ("{{ value * 9 / 5 + 32 }}", 1.8, 32),
        ("{{ value - 273.15 }}", 1, -273.15),
        ("{{ 100 - value }}", -1, 100),
        ("{{ 2 * (value - 1) }}", 2, -2),
        ("{{ -value }}", -1, 0),
    ],
)
def test_a_linear_change_is_understood(text: str, factor: float, offset: float) -> None:
    """Constants that it is multiplied with and that are added; with any of it, it is a number."""
    found = read_template(text)

    assert (found.factor, found.offset) == pytest.approx((factor, offset))
    assert found.numeric


@pytest.mark.parametrize(
    "text", ["{{ value | float(0) }}", "{{ value | float(default=-1) | default('none', true) }}", "{{ value|int(0) }}"]
)
def test_defaults_are_read_over(text: str) -> None:
    """An absent value stays absent: a default would invent readings."""
    assert read_template(text) == ValueTemplate(None, numeric=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "value",
        "{{ }}",
        "{{ 5 }}",
        "{{ value_json }}",
        "{% if value %}{{ value }}{% endif %}",
        "{{ value }} {{ value }}",
        "{{ value_json.a + value_json.b }}",
        "{{ value_json.a / value_json.b }}",
        "{{ 1 / value }}",
        "{{ value / 0 }}",
        "{{ value * 0 }}",
        "{{ value * 1e-200 * 1e-200 }}",
        "{{ value | timestamp_local }}",
        "{{ value_json.x if value_json.x is defined else 0 }}",
        "{{ states('sensor.x') }}",
        "{{ value_json.x.__class__() }}",
        "{{ value_json[1.5] }}",
        "{{ value_json[x] }}",
        "{{ value",
        "{{ value | }}",
        "{{ value | float( }}",
        "{{ value | float(states('x')) }}",
        "{{ (value }}",
        "{{ value ** 2 }}",
        "{{ 'a' }}",
        "{{ value * 1e300 * 1e300 }}",
        "{{ " + "(" * 100 + "value" + ")" * 100 + " }}",
        "{{ " + "value + " * 1000 + "1 }}",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """In words; nothing of it is ever run."""
    with pytest.raises(TemplateError, match=r"\w"):
        read_template(text)


@given(st.text("{}() value_json.|float+-*/'\"[]0123456789e", max_size=80))
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    """Whatever strangers announce."""
    with suppress(TemplateError):
        assert isfinite(read_template("{{ " + text + " }}").factor)
