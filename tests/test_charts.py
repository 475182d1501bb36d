"""Charts are drawn from released numbers: every mark has its key, a hidden number has none, text is inert, bytes repeat."""

from __future__ import annotations

import math
import re
from datetime import date

from lxml import etree

from sendwaits.release import charts
from sendwaits.release.cells import Number
from sendwaits.release.narrative import signal
from sendwaits.release.reports.common import month_ends

AS_AT = date(2024, 7, 31)
ENDS = month_ends(AS_AT)
SVG = "{http://www.w3.org/2000/svg}"


def number(value: float, end: str = ENDS[-1], status: str = "", unit: str = "count") -> Number:
    return Number(f"NST|assessment|waiting|||{end}", value, unit, status)


def months(values: list[float | None]) -> list[Number]:
    return [
        number(math.nan if v is None else v, e, "c" if v is None else "")
        for v, e in zip(values, ENDS[-len(values) :], strict=True)
    ]


def drawings(markup: str) -> list[etree._Element]:
    root = etree.fromstring(f"<div>{markup}</div>")
    return root.findall(f".//{SVG}svg")


def marks(svg: etree._Element, *tags: str) -> list[etree._Element]:
    return [e for e in svg.iter() if e.get("data-key") and e.tag.removeprefix(SVG) in tags]


def test_each_chart_is_drawn_wide_and_narrow_with_14_pixel_text_and_says_its_finding() -> None:
    wide, narrow = drawings(
        charts.bars([charts.Bar("Up to 1 week", number(34))], "34 children wait up to 1 week")
    )
    assert (wide.get("width"), narrow.get("width")) == ("736", "343")
    for svg in (wide, narrow):
        assert (svg.get("role"), svg.get("aria-label"), svg.get("font-size")) == (
            "img",
            "34 children wait up to 1 week",
            "14",
        )
        assert svg.get("viewBox") == f"0 0 {svg.get('width')} {svg.get('height')}"


def test_a_bar_is_as_long_as_its_number_and_hidden_numbers_and_zero_have_none() -> None:
    rows = [
        charts.Bar("a", number(200)),
        charts.Bar("b", number(50)),
        charts.Bar("c", number(math.nan, status="c")),
        charts.Bar("d", number(0)),
    ]
    for svg in drawings(charts.bars(rows, "x")):
        bars = [float(e.get("width")) for e in marks(svg, "rect")]
        assert len(bars) == 2
        assert abs(bars[0] / bars[1] - 4) < 0.01
        texts = [e.text for e in svg.iter(f"{SVG}text")]
        assert "[c]" in texts and "0" in texts


def test_a_hidden_month_lifts_the_pen_and_has_no_mark() -> None:
    series = months([100.0] * 10 + [None] + [120.0] * 13)
    for svg in drawings(charts.lines(ENDS, [charts.Line("Waiting", series)], "x")):
        assert len(marks(svg, "circle")) == 23
        line = next(e for e in svg.iter(f"{SVG}path") if e.get("fill") == "none")
        assert line.get("d").count("M") == 2
        assert not [
            e for e in marks(svg, "circle", "rect", "path") if e.get("data-key") == series[10].key
        ]


def test_points_stand_where_their_numbers_say() -> None:
    wide, _ = drawings(
        charts.lines(
            ENDS, [charts.Line("Waiting", months([float(v) for v in range(0, 240, 10)]))], "x"
        )
    )
    heights = [float(e.get("cy")) for e in marks(wide, "circle")]
    steps = [a - b for a, b in zip(heights, heights[1:])]
    assert max(steps) - min(steps) < 0.25
    assert steps[0] > 0


def test_a_control_chart_marks_special_months_with_diamonds_and_usual_ones_with_circles() -> None:
    series = months(
        [
            100.0,
            104,
            98,
            101,
            99,
            103,
            97,
            104,
            100,
            98,
            105,
            103,
            99,
            106,
            102,
            98,
            104,
            99,
            100,
            103,
            97,
            104,
            99,
            130,
        ]
    )
    wide, _ = drawings(charts.control(ENDS, signal(series), "x"))
    assert len(marks(wide, "circle")) == 23
    assert [e.get("data-key") for e in marks(wide, "path")] == [series[-1].key]
    limits = {e.get("data-key").split("|")[3] for e in marks(wide, "text")}
    assert limits == {"upper", "mean", "lower"}


def test_limits_start_anew_at_the_first_month_that_ends_after_a_change() -> None:
    series = months([100.0] * 12 + [150.0] * 12)
    reading = signal(series, rebase=[date(2023, 8, 1)])
    assert reading.segments == [(0, 11), (12, 23)]
    assert (reading.points[0].mean.value, reading.points[23].mean.value) == (100.0, 150.0)


def test_the_fan_draws_every_quantile_where_it_belongs_and_the_target_stops_on_its_date() -> None:
    def q(h: int, name: str, value: float) -> Number:
        return Number(
            f"NST|assessment|forecast:waiting|{name}||{date.fromordinal(AS_AT.toordinal() + 7 * h)}",
            value,
            "count",
            decimals=0,
        )

    steps = [
        charts.FanStep(
            date.fromordinal(AS_AT.toordinal() + 7 * h),
            q(h, "p10", 90),
            q(h, "p25", 95),
            q(h, "p50", 100),
            q(h, "p75", 105),
            q(h, "p90", 110),
        )
        for h in (4, 8, 52)
    ]
    aim = charts.Aim(
        80,
        date(2024, 12, 31),
        "Target: 80 by 31 December 2024",
        Number("NST|assessment|forecast:p_target|probability||2024-12-31", 34.0, "percent"),
    )
    wide, narrow = drawings(charts.fan(ENDS, months([100.0] * 24), steps, "x", aim=aim, now=AS_AT))
    for svg in (wide, narrow):
        assert len([e for e in marks(svg, "circle") if "forecast" in e.get("data-key")]) == 15
        assert "34% chance" in [e.text for e in svg.iter(f"{SVG}text")]
    ends = [
        float(e.get("x2"))
        for e in wide.iter(f"{SVG}line")
        if e.get("stroke") == "#801650" and e.get("stroke-dasharray")
    ]
    last = max(float(e.get("cx")) for e in marks(wide, "circle"))
    assert ends and ends[0] < last


def test_hostile_names_stay_text() -> None:
    evil = '<script>alert(1)</script>{{7*7}}$x^2$" onload="x'
    markup = str(
        charts.bars([charts.Bar(evil, Number(f"NST|{evil}|waiting|||2024-07-31", 5.0))], evil)
    )
    assert "<script" not in markup and "49" not in markup
    for svg in drawings(markup):
        assert not [a for e in svg.iter() for a in e.attrib if a.startswith("on")]
        assert svg.get("aria-label") == evil


def test_the_same_numbers_give_the_same_bytes_and_no_clock_or_random_id() -> None:
    series = months([float(i) for i in range(24)])
    first, second = (charts.lines(ENDS, [charts.Line("Waiting", series)], "x") for _ in range(2))
    assert first == second
    assert not re.search(r"\bid=", str(first))


def test_colours_of_marks_and_words_have_three_to_one_against_white_and_text_more() -> None:
    def contrast(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05)

    from sendwaits.release import svg

    assert all(
        contrast(c) >= 3 for c in (svg.NAVY, svg.TEAL, svg.PLUM, svg.ORANGE, svg.MUTED, svg.BLUE)
    )
    assert all(
        contrast(c) >= 4.5
        for c in (svg.INK, svg.GREY, svg.NAVY, svg.TEAL_TEXT, svg.PLUM, svg.ORANGE, svg.BLUE)
    )


def test_trend_marks_differ_in_shape_and_ratings_in_shape_and_letter() -> None:
    up, down, none = (str(charts.trend_mark(d)) for d in ("up", "down", "none"))
    assert len({re.sub(r'fill="#\w+"', "", s) for s in (up, down, none)}) == 3
    letters = [
        re.findall(r">([RAG])<", str(charts.rating_mark(r)))
        for r in ("Red", "Amber", "Green", "Not rated")
    ]
    assert letters == [["R"], ["A"], ["G"], []]
