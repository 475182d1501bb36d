"""Charts from released frames: every mark has its key, what is hidden has none, the same bytes on every run."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from lxml import etree

from sendwaits.errors import Refused
from sendwaits.measure.spc import spc as xmr
from sendwaits.release import charts
from sendwaits.release.key import COLUMNS, Key

SVG = "{http://www.w3.org/2000/svg}"
ENDS = pd.date_range("2022-08-31", periods=24, freq="ME")


def frame(
    values: list[float],
    measure: str = "waiting",
    group: str = "",
    form: str = "exact",
    **more: object,
) -> pd.DataFrame:
    """A released series of months that ends in July 2024; NaN is [c]."""
    ends = ENDS[-len(values) :]
    flow = measure in ("starts", "completed", "referrals", "within_standard_pct")
    rows = pd.DataFrame(
        {
            "pathway": "NST",
            "wait": "assessment",
            "measure": measure,
            "group": group,
            "period_start": [e.replace(day=1) if flow else pd.NaT for e in ends],
            "period_end": ends,
            "value": [float(v) for v in values],
            "unit": "percent" if measure.endswith("_pct") else "count",
            "numerator": pd.NA,
            "denominator": pd.NA,
            "n": pd.NA,
            "form": ["c" if np.isnan(v) else form for v in values],
        }
    )
    return rows.assign(**more)[COLUMNS + list(more)]


def forecast(measure: str = "waiting") -> pd.DataFrame:
    weeks = np.arange(1, 53)
    rows = {
        "pathway": "NST",
        "wait": "assessment",
        "measure": measure,
        "target_date": [pd.Timestamp("2024-07-31") + pd.Timedelta(days=7 * int(w)) for w in weeks],
        "horizon_weeks": weeks,
        "scenario": "baseline",
        "mean": 100.0,
        "p10": 100.0 - weeks,
        "p25": 100 - weeks / 2,
        "p50": 100 + weeks * 0.0,
        "p75": 100 + weeks / 2,
        "p90": 100.0 + weeks,
        "probability": np.nan,
        "note": "",
    }
    chance = pd.DataFrame(
        [
            {
                **{k: "" for k in rows},
                "pathway": "NST",
                "wait": "assessment",
                "measure": "p_target",
                "target_date": pd.Timestamp("2024-12-31"),
                "horizon_weeks": 22,
                "scenario": "baseline",
                "p50": np.nan,
                "probability": 0.34,
                "note": "waiting at most 90",
            }
        ]
    )
    return pd.concat(
        [pd.DataFrame(rows), chance.replace("", np.nan).assign(note="waiting at most 90")],
        ignore_index=True,
    )


def bands_() -> pd.DataFrame:
    names = ["0_7", "8_14", "15_28", "29_84", "85_126", "127_364", "365_728", "729_plus"]
    counts = [34, 30, 68, 262, 187, 567, 38, 0]
    rows = [frame([c], f"waiting_band_{n}") for n, c in zip(names, counts, strict=True)]
    return pd.concat([*rows, frame([1186.0])], ignore_index=True)


def shares_() -> pd.DataFrame:
    """Four districts' shares: D is far over the others."""
    rows = [
        frame([100 * a / n], "within_standard_pct", f"district={g}", numerator_=a, denominator_=n)
        for g, a, n in (("A", 50, 100), ("B", 30, 60), ("C", 70, 150), ("D", 95, 110))
    ]
    found = pd.concat(rows, ignore_index=True)
    return found.assign(numerator=found["numerator_"], denominator=found["denominator_"])[COLUMNS]


def bridge() -> pd.DataFrame:
    """36.2 + 4.1 - 3.0 + 0.8 = 38.1."""
    parts = [
        ("issued", 36.2),
        ("advice", 4.1),
        ("overdue", -3.0),
        ("calendar", 0.8),
        ("forecast", 38.1),
    ]
    return pd.concat([frame([v], m, unit_="percent") for m, v in parts], ignore_index=True).assign(
        unit="percent"
    )[COLUMNS]


def published() -> pd.DataFrame:
    places = (
        ("Exampleshire", "area", 37.5),
        ("England", "England", 45.9),
        ("North", "region", np.nan),
        ("9 statistical neighbours", "median of neighbours", 32.9),
    )
    rows = [
        {
            "measure": "within_20_weeks_pct",
            "period_start": "2024-01-01",
            "period_end": "2024-12-31",
            "place": p,
            "kind": k,
            "value": v,
            "unit": "percent",
        }
        for p, k, v in places
    ]
    return pd.DataFrame(rows)


def drawing(chart: object, width: str = "wide", alt: str = "x") -> etree._Element:
    return etree.fromstring(charts.svg(chart, width, alt))  # type: ignore[arg-type]


def marks(svg: etree._Element) -> list[etree._Element]:
    """The keyed shapes (not words)."""
    return [e for e in svg.iter() if e.get("data-key") and e.tag != f"{SVG}text"]


def words(svg: etree._Element) -> list[str]:
    return [e.text for e in svg.iter(f"{SVG}text")]


def limits(rows: pd.DataFrame, **options: object) -> pd.DataFrame:
    return xmr(pd.Series(rows["value"].to_numpy(), index=rows["period_end"]), **options)  # type: ignore[arg-type]


RISE = [100.0 + 5 * i for i in range(24)]
WAVE = [
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
CHANGES = [
    ("2023-09-01", "new referral form"),
    ("2023-11-01", "second team"),
    ("2024-06-01", "new building"),
]
KINDS = {
    "line": lambda: charts.line(
        frame(RISE),
        labels={"waiting": "List"},
        change_points=[("2023-09-01", "new form")],
        target=150,
    ),
    "flow": lambda: charts.flow(
        pd.concat([frame(WAVE, "starts"), frame(WAVE[::-1], "completed"), frame(RISE)])
    ),
    "bands": lambda: charts.bands(bands_(), highlight="waiting_band_127_364"),
    "bars": lambda: charts.bars(
        pd.concat([frame([v], group=f"district={g}") for g, v in zip("ABC", (20, 5, 11))])
    ),
    "spc": lambda: charts.spc(frame(WAVE, "starts"), limits(frame(WAVE, "starts")), worse="high"),
    "shares": lambda: charts.shares(
        frame(WAVE, "within_standard_pct").assign(value=[v / 2 for v in WAVE]),
        limits(frame(WAVE).assign(value=[v / 2 for v in WAVE])),
        target=92,
    ),
    "fan": lambda: charts.fan(
        forecast(), frame(RISE[:-4] + [100.0] * 4), target=(90, "2024-12-31")
    ),
    "small": lambda: charts.small(
        pd.concat(
            [
                frame(WAVE, group=f"district={g}")
                for g in ("A", "B", "Newark and Sherwood", "D", "E")
            ]
        ),
        title="Five lists",
    ),
    "crowded": lambda: charts.line(
        pd.concat(
            [
                frame(WAVE, "starts"),
                frame(WAVE[::-1], "completed"),
                frame([5.0] * 24, "removed_other"),
            ]
        ),
        labels=["In", "Seen", "Left another way"],
        change_points=CHANGES,
    ),
    "crowded fan": lambda: charts.fan(
        forecast(), frame(RISE[:-4] + [100.0] * 4), target=(90, "2024-12-31"), change_points=CHANGES
    ),
    "spark": lambda: charts.spark(frame(RISE), verdict="rising"),
    "funnel": lambda: charts.funnel(shares_(), worse="high", highlight="C"),
    "steps": lambda: charts.steps(bridge(), zero=False, target=40),
    "compare": lambda: charts.compare(published(), target=60),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_736_and_343_pixels_wide_and_says_its_finding(kind: str) -> None:
    chart = KINDS[kind]()
    sizes = (("wide", "736"), ("narrow", "343"))
    for width, pixels in sizes if kind != "spark" else (("wide", "156"), ("narrow", "156")):
        svg = drawing(chart, width, f"What {kind} shows")
        assert (svg.get("width"), svg.get("role"), svg.get("aria-label")) == (
            pixels,
            "img",
            f"What {kind} shows",
        )
        assert svg.get("viewBox") == f"0 0 {pixels} {svg.get('height')}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_mark_has_its_key_at_both_widths_and_no_key_is_lost(kind: str) -> None:
    chart = KINDS[kind]()
    asked = sorted(charts.keyed(chart))
    for width in ("wide", "narrow"):
        svg = drawing(chart, width)
        found = sorted(e.get("data-key") for e in svg.iter() if e.get("data-key"))
        assert found == asked
        assert all(len(k.split("|")) == 6 for k in found)
        bare = [e for e in svg.iter(f"{SVG}circle") if not e.get("data-key")]
        assert not bare


@pytest.mark.parametrize("kind", KINDS)
def test_axes_are_hidden_from_readers_and_nothing_needs_an_id_or_a_style(kind: str) -> None:
    text = charts.svg(KINDS[kind](), "wide", "x")
    assert (
        " id=" not in text
        and " style=" not in text
        and "<style" not in text
        and "xlink" not in text
    )
    svg = etree.fromstring(text)
    hidden = [t for g in svg.iter(f"{SVG}g") if g.get("aria-hidden") for t in g.iter(f"{SVG}text")]
    assert all(t.get("fill") == "#505a5f" for t in hidden)
    numbers = [
        t
        for t in svg.iter(f"{SVG}text")
        if re.fullmatch(r"[\d,.]+%?", t.text or "") and t not in hidden
    ]
    assert all(t.get("data-key") for t in numbers)


@pytest.mark.parametrize("kind", KINDS)
def test_no_words_touch_each_other_or_leave_the_drawing_at_either_width(kind: str) -> None:
    from sendwaits.release.charts.face import width_of

    chart = KINDS[kind]()
    for width in ("wide", "narrow"):
        svg, boxes = drawing(chart, width), []
        for t in svg.iter(f"{SVG}text"):
            size = float(t.get("font-size", 14))
            wide = width_of(t.text, size, t.get("font-weight") == "700")
            left = float(t.get("x")) - {"middle": wide / 2, "end": wide}.get(
                t.get("text-anchor", ""), 0
            )
            boxes.append(
                (t.text, left, left + wide, float(t.get("y")) - 0.7 * size, float(t.get("y")))
            )
        for text, left, right, top, bottom in boxes:
            assert left >= -1 and right <= float(svg.get("width")) + 1, text
            assert top >= -1 and bottom <= float(svg.get("height")), text
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                apart = a[1] >= b[2] or b[1] >= a[2] or a[3] >= b[4] or b[3] >= a[4]
                assert apart, (width, a, b)


def test_points_stand_where_their_numbers_say_above_a_zero_base() -> None:
    svg = drawing(charts.line(frame(list(range(0, 240, 10)))))
    ys = [float(e.get("cy")) for e in marks(svg)]
    steps = [a - b for a, b in zip(ys, ys[1:])]
    assert min(steps) > 0 and max(steps) - min(steps) < 0.25
    zero = next(t for t in svg.iter(f"{SVG}text") if t.text == "0")
    assert abs(float(zero.get("y")) - 5 - ys[0]) < 1.5


def test_a_bar_is_as_long_as_its_number_and_hidden_numbers_and_zero_have_none() -> None:
    rows = pd.concat(
        [frame([v], group=f"district={g}") for g, v in zip("abcd", (200, 50, np.nan, 0))]
    )
    for width in ("wide", "narrow"):
        svg = drawing(charts.bars(rows), width)
        bars = [float(e.get("width")) for e in marks(svg)]
        assert len(bars) == 2 and abs(bars[0] / bars[1] - 4) < 0.02
        assert {"[c]", "0", "200", "50"} <= set(words(svg))


def test_a_hidden_or_missing_month_lifts_the_pen_and_has_no_mark() -> None:
    rows = frame([100.0] * 10 + [np.nan] + [120.0] * 13)
    rows = rows.drop(index=15)
    svg = drawing(charts.line(rows))
    assert len(marks(svg)) == 22
    line = max(svg.iter(f"{SVG}path"), key=lambda e: len(e.get("d")))
    assert line.get("d").count("M") == 3
    hidden = str(Key.of(rows.iloc[10]))
    assert [e.tag for e in svg.iter() if e.get("data-key") == hidden] == [f"{SVG}text"]
    assert "[c]" in words(svg)


def test_an_undefined_value_has_neither_mark_nor_word() -> None:
    rows = frame([100.0] * 10 + [50.0] + [120.0] * 13)
    rows.loc[10, "form"] = "z"
    svg = drawing(charts.line(rows))
    assert str(Key.of(rows.iloc[10])) not in [e.get("data-key") for e in svg.iter()]
    assert 50.0 not in [v for _, v in charts.values(charts.line(rows))]


def test_keys_are_those_of_the_rows() -> None:
    rows = frame(RISE)
    assert [e.get("data-key") for e in marks(drawing(charts.line(rows)))] == [
        str(Key.of(r)) for r in rows.to_dict("records")
    ]


def test_a_control_chart_marks_special_months_with_diamonds_and_keys_its_limits() -> None:
    rows = frame(WAVE, "starts")
    svg = drawing(charts.spc(rows, limits(rows), worse="high"))
    diamonds = [e for e in marks(svg) if e.tag == f"{SVG}path"]
    assert [e.get("data-key") for e in diamonds] == [str(Key.of(rows.iloc[-1]))]
    assert diamonds[0].get("fill") == "#c24a0b"
    keyed = {
        e.get("data-key") for e in svg.iter(f"{SVG}text") if "spc:" in (e.get("data-key") or "")
    }
    assert {k.split("|")[2] for k in keyed} == {"spc:starts"}
    assert {k.split("|")[3] for k in keyed} == {"upper", "mean", "lower"}


def test_a_special_month_on_the_good_side_is_no_worse_one() -> None:
    rows = frame(WAVE, "starts")
    for side, colour in (("high", "#c24a0b"), ("low", "#12436d"), ("", "#12436d")):
        svg = drawing(charts.spc(rows, limits(rows), worse=side))
        diamonds = [e for e in marks(svg) if e.tag == f"{SVG}path"]
        assert [e.get("fill").lower() for e in diamonds] == [colour], side


def test_the_band_and_the_names_at_its_edge_are_the_limits() -> None:
    rows = frame(WAVE, "starts")
    found = limits(rows)
    ax = charts.spc(rows, found)
    edge = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edge.max() == pytest.approx(found["upper"].max())
    assert edge.min() == pytest.approx(max(found["lower"].min(), 0))
    last, said = found.iloc[-1], words(drawing(ax))
    for name, column in (("Upper", "upper"), ("Average", "mean"), ("Lower", "lower")):
        value = charts.words.number(max(float(last[column]), 0))
        assert any(t.startswith((f"{name} {value}", value)) for t in said), (name, value)


@pytest.mark.parametrize(
    "draw",
    [charts.line, lambda f: charts.spc(f, limits(f)), charts.flow, charts.bars],
    ids=["line", "spc", "flow", "bars"],
)
def test_every_axis_of_amounts_starts_at_zero_and_holds_its_largest(draw) -> None:
    low, high = [203.0] * 12 + [207.0] * 12, [203.0] * 24
    if draw is charts.flow:
        rows = pd.concat([frame(low, "waiting"), frame(high, "starts"), frame(high, "completed")])
    elif draw is charts.bars:
        rows = pd.concat([frame([v], group=f"district={g}") for g, v in zip("ab", (203, 207))])
    else:
        rows = frame(low, "starts")
    axes = np.atleast_1d(draw(rows))
    amounts = [a.get_xlim() if draw is charts.bars else a.get_ylim() for a in axes]
    assert all(base == 0 for base, _ in amounts) and max(top for _, top in amounts) >= 207


def test_a_dated_change_stands_on_its_day() -> None:
    from matplotlib.dates import date2num

    ax = charts.line(frame(RISE), change_points={"2024-03-15": "moved"})
    upright = [x for x in (line.get_xdata() for line in ax.lines) if len(x) == 2 and x[0] == x[1]]
    assert [float(x[0]) for x in upright] == [float(date2num(pd.Timestamp("2024-03-15")))]


def test_a_rebased_control_chart_carries_the_old_average_on_as_dashes() -> None:
    rows = frame(
        [50.0, 52, 48, 51, 49, 50, 53, 47, 50, 51, 49, 50]
        + [80.0, 82, 78, 81, 79, 80, 83, 77, 80, 81, 79, 80],
        "starts",
    )
    svg = drawing(
        charts.spc(
            rows, limits(rows, rebase=["2023-08-01"]), change_points={"2023-08-01": "new form"}
        )
    )
    assert "50.0 before" in words(svg) or "50 before" in words(svg)
    assert "Aug\u00a02023: new form" in words(svg)
    assert sum("stroke-dasharray" in e.attrib for e in svg.iter(f"{SVG}path")) == 2


def test_a_line_takes_a_target_as_a_fan_does_and_names_it() -> None:
    """Number, date and name, as `report.aim` gives them: the date is for charts that look ahead."""
    aim = (90.0, "2024-12-31", "At most 90 by 31 December")
    said = words(drawing(charts.line(frame(RISE), target=aim)))
    assert aim[2] in [text.replace("\u00a0", " ") for text in said]
    assert said == words(drawing(charts.line(frame(RISE), target=(90.0, aim[2]))))


def test_the_fan_draws_its_quantiles_and_the_target_stops_on_its_date() -> None:
    svg = drawing(charts.fan(forecast(), frame(RISE[:-4] + [100.0] * 4), target=(90, "2024-12-31")))
    groups = {k.split("|")[3] for e in marks(svg) if "forecast:waiting" in (k := e.get("data-key"))}
    assert groups == {"p10", "p25", "p50", "p75", "p90"}
    last = [e for e in marks(svg) if e.get("data-key").endswith("||2025-07-30")]
    at = {e.get("data-key").split("|")[3]: float(e.get("cy")) for e in last}
    assert at["p90"] < at["p75"] < at["p50"] < at["p25"] < at["p10"]
    chance = next(t for t in svg.iter(f"{SVG}text") if t.text == "34% chance")
    assert chance.get("data-key") == "NST|assessment|forecast:p_target|probability||2024-12-31"
    goal = next(
        e
        for e in svg.iter(f"{SVG}path")
        if e.get("stroke") == "#801650" and e.get("stroke-dasharray")
    )
    start, end = (float(n.split(" ")[0]) for n in goal.get("d")[1:].split("L"))
    right = max(float(e.get("cx")) for e in last)
    assert start < end < right - 20


def fingerprint() -> str:
    """Of four charts at both widths and as pictures."""
    drawn = [KINDS[kind]() for kind in ("line", "fan", "bands", "spc")]
    texts = [charts.svg(c, w, "a") for c in drawn for w in ("wide", "narrow")]
    return hashlib.sha256("".join(texts).encode() + charts.png(drawn[0], 60)).hexdigest()


def test_two_processes_draw_the_same_bytes() -> None:
    code = "import sys; sys.path.insert(0, 'tests'); import test_charts_drawn as t; print(t.fingerprint())"
    other = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "MPLBACKEND": "svg"},
    )
    assert other.stdout.strip() == fingerprint()


def test_drawing_twice_and_changing_width_leaves_the_figure_as_it_was() -> None:
    chart = KINDS["line"]()
    wide = charts.svg(chart, "wide", "a")
    size = tuple(chart.figure.get_size_inches())
    charts.svg(chart, "narrow", "a")
    assert tuple(chart.figure.get_size_inches()) == size
    assert charts.svg(chart, "wide", "a") == wide


def test_what_the_caller_adds_to_a_house_chart_stays_at_both_widths() -> None:
    chart = KINDS["line"]()
    chart.axhline(120, color="#801650")
    chart.set_title("A title of my own that is long enough to need two lines on a phone")
    for width, lines in (("wide", 1), ("narrow", 2)):
        svg = drawing(chart, width)
        assert sum("title of my" in t or "on a phone" in t for t in words(svg)) == lines
        assert [e for e in svg.iter(f"{SVG}path") if e.get("stroke") == "#801650"]
    assert 120.0 in [v for _, v in charts.values(chart)]


def test_text_from_data_is_inert() -> None:
    rows = pd.concat(
        [
            frame([9.0], group="district=<script>alert(1)</script>"),
            frame([8.0], group="district=$x_1$ & co"),
        ]
    )
    svg = drawing(charts.bars(rows), alt='"><script>')
    assert not list(svg.iter(f"{SVG}script"))
    assert {"<script>alert(1)</script>", "$x_1$ & co"} <= set(words(svg))


def test_values_reads_back_lines_dots_bars_and_boxes_of_a_foreign_chart() -> None:
    import matplotlib.pyplot as plt
    import seaborn

    rows = pd.concat([frame(RISE, group="district=A"), frame(WAVE, group="district=B")])
    made = plt.figure().subplots(2, 2)
    seaborn.lineplot(rows, x="period_end", y="value", hue="group", ax=made[0, 0])
    seaborn.scatterplot(rows, x="period_end", y="value", ax=made[0, 1])
    newest = rows[rows["period_end"] == ENDS[-1]]
    seaborn.barplot(newest, x="group", y="value", ax=made[1, 0])
    seaborn.boxplot(rows, x="group", y="value", ax=made[1, 1])
    released = set(rows["value"])
    shown = charts.values(made)
    assert {v for _, v in shown} == released
    assert (ENDS[0], 100.0) in shown and (0.0, 215.0) in shown
    assert np.median(RISE) in [v for _, v in charts.summaries(made)]
    plt.close("all")


def test_what_cannot_be_read_back_is_refused_by_name() -> None:
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    ax.table([["7"]])
    with pytest.raises(Refused, match="Table"):
        charts.values(ax)


def test_a_foreign_seaborn_chart_is_drawn_at_both_widths_and_left_as_it_was() -> None:
    import matplotlib.pyplot as plt
    import seaborn

    ax = plt.figure(figsize=(6, 4)).subplots()
    seaborn.boxplot(
        pd.concat([frame(RISE, group="Newark"), frame(WAVE, group="Ashfield")]),
        x="value",
        y="group",
        ax=ax,
    )
    before = ax.get_position().bounds
    for width, pixels in (("wide", 736), ("narrow", 343), ("narrow", 343)):
        svg = drawing(ax, width)
        assert int(svg.get("width")) == pixels
        assert all(
            float(t.get("x", 0)) >= 40
            for t in svg.iter(f"{SVG}text")
            if t.text in ("Newark", "Ashfield")
        )
    assert tuple(ax.figure.get_size_inches()) == (6, 4) and ax.get_position().bounds == before
    plt.close("all")


def test_the_alt_text_states_first_last_and_range_and_no_direction_without_a_verdict() -> None:
    said = charts.alt(frame(RISE), "line", title="NST list")
    assert (
        said
        == "Line chart: NST list. Waiting: first 100 (Aug 2022), last 215 (Jul 2024); all 24 values between 100 and 215."
    )
    assert not re.search(r"ris|fall|grow|fell|higher|lower|more|fewer|better|worse", said)
    verdict = pd.DataFrame(
        [
            {
                "pathway": "NST",
                "wait": "assessment",
                "measure": "waiting",
                "group": "",
                "verdict": "rising",
                "since": "",
            }
        ]
    )
    assert charts.alt(frame(RISE), "line", verdict).endswith("; rising.")
    assert "rising" not in charts.alt(frame(RISE, group="district=A"), "line", verdict)


def test_the_alt_text_counts_what_is_hidden_and_reads_short_bar_charts_out() -> None:
    assert "2 of 24 not shown" in charts.alt(
        frame([np.nan, *RISE[:10], np.nan, *RISE[:12]]), "line"
    )
    rows = pd.concat([frame([v], group=f"district={g}") for g, v in zip("abc", (20, np.nan, 0))])
    assert charts.alt(rows, "bars") == "Bar chart. Jul 2024: a 20; b [c]; c 0."
    assert charts.alt(forecast(), "fan").endswith(
        "middle 100; 8 in 10 simulated futures lie between 48 and 152."
    )


def test_the_colours_are_told_from_the_paper_and_from_what_they_lie_on() -> None:
    from sendwaits.release.charts import palette as p

    assert round(p.contrast("#000000"), 1) == 21.0 and p.contrast("#ffffff") == 1.0
    for words_ in (
        p.INK,
        p.GREY,
        p.NAVY,
        p.TEAL_TEXT,
        p.PLUM,
        p.ORANGE,
        p.BLUE,
        *(s.words for s in p.SERIES),
    ):
        assert p.contrast(words_) >= 4.5
    for shape in (p.TEAL, p.MUTED, p.POINT, p.LIMIT_EDGE, *(s.stroke for s in p.SERIES)):
        assert p.contrast(shape) >= 3
    assert p.contrast(p.LIMIT_EDGE, p.LIMITS) >= 3 and p.contrast(p.POINT, p.LIMITS) >= 3
    assert p.contrast(p.BLUE, p.BAND80) >= 3 and p.contrast(p.NAVY, p.BAND50) >= 3
    assert len({(s.marker, s.dash) for s in p.SERIES}) == len(p.SERIES)


def test_two_grains_of_one_series_and_six_lines_in_a_panel_are_refused() -> None:
    year = frame([1200.0], "starts").assign(period_start=pd.Timestamp("2024-01-01"))
    with pytest.raises(Refused, match="two values"):
        charts.line(pd.concat([frame(WAVE, "starts"), year]))
    with pytest.raises(Refused, match="6 lines"):
        charts.line(pd.concat([frame(WAVE, group=f"district={g}") for g in "abcdef"]))
    with pytest.raises(Refused, match="no column 'unit'"):
        charts.line(frame(RISE).drop(columns="unit"))


def test_quarters_and_years_are_named_as_they_are() -> None:
    rows = frame([10.0, 12, 14, 16], "starts")
    ends = pd.to_datetime(["2023-09-30", "2023-12-31", "2024-03-31", "2024-06-30"])
    quarters = rows.assign(
        period_end=ends, period_start=[e - pd.offsets.QuarterBegin(startingMonth=1) for e in ends]
    )
    assert "Apr to Jun\u00a02024" in words(drawing(charts.line(quarters)))
    years = rows.assign(
        period_end=pd.to_datetime([f"{y}-12-31" for y in range(2020, 2024)]),
        period_start=pd.to_datetime([f"{y}-01-01" for y in range(2020, 2024)]),
    )
    assert {"2020", "2023"} <= set(words(drawing(charts.line(years))))


def test_small_multiples_share_one_scale_from_zero_and_name_every_panel() -> None:
    axes = KINDS["small"]()
    assert len({ax.get_ylim() for ax in axes}) == 1 and axes[0].get_ylim()[0] == 0
    for width in ("wide", "narrow"):
        said = words(drawing(axes, width))
        assert {"A", "B", "D", "E", "Five lists"} <= set(said) and said.count("130") == 5
    assert "Newark and Sherwood" in words(drawing(axes, "wide"))


def test_the_spark_ends_in_the_shape_of_its_verdict_orange_only_where_it_is_worse() -> None:
    ends = {}
    for verdict in ("rising", "falling", "unusual", "steady"):
        last = marks(drawing(charts.spark(frame(RISE), verdict=verdict)))[-1]
        ends[verdict] = (last.tag.removeprefix(SVG), last.get("fill"))
    assert ends["rising"] == ("path", "#c24a0b")
    assert ends["falling"] == ends["unusual"] == ("path", "#12436d")
    assert ends["steady"] == ("circle", "#6f777b")


def test_the_funnel_names_only_groups_beyond_its_limits_and_those_asked_for() -> None:
    svg = drawing(KINDS["funnel"]())
    assert {"C", "D"} <= set(words(svg)) and not {"A", "B"} & set(words(svg))
    far = [e for e in marks(svg) if e.tag == f"{SVG}path"]
    assert [(e.get("data-key").split("|")[3], e.get("fill")) for e in far] == [
        ("district=D", "#c24a0b")
    ]
    assert "All 58.3%" in words(svg)  # 245 of 420


def test_funnel_limits_are_those_of_the_exact_binomial() -> None:
    from sendwaits.release.charts.funnel import funnel_limits

    low, high = funnel_limits(np.array([1.0, 10.0]), 0.5, 0.95)
    # n = 10: P(R<=2) = 56/1024 >= 0.025 > P(R<=1) = 11/1024; (2 - (56/1024 - 0.025) / (45/1024)) / 10
    assert abs(low[1] - (2 - (56 / 1024 - 0.025) / (45 / 1024)) / 10) < 1e-12
    assert (
        abs(low[1] + high[1] - (10 - 1) / 10) < 1e-9
    )  # interpolated limits mirror each other about (n - 1) / 2n
    assert 0 <= low[0] <= high[0] <= 1


def test_a_bridge_leads_from_the_first_total_to_the_last_and_says_where_its_axis_starts() -> None:
    svg = drawing(KINDS["steps"]())
    assert {"+4.1", "\u22123.0", "+0.8", "36.2%", "38.1%"} <= set(words(svg))
    assert any(t.startswith("The axis starts at") for t in words(svg))
    up, down, last = (e for e in marks(svg) if e.tag == f"{SVG}rect")
    assert (
        abs(float(last.get("x")) - float(down.get("x"))) < 0.2
    )  # starts where the step down ended
    assert abs(float(up.get("width")) / float(down.get("width")) - 4.1 / 3.0) < 0.01
    assert (
        abs(
            float(up.get("x"))
            + float(up.get("width"))
            - float(down.get("x"))
            - float(down.get("width"))
        )
        < 0.2
    )
    assert (up.get("fill"), down.get("fill")) == ("#12436d", "#c24a0b")
    broken = bridge()
    broken.loc[1, "value"] = 9.0
    with pytest.raises(Refused, match="do not lead"):
        charts.steps(broken)


def test_the_area_stands_beside_others_and_what_is_not_published_has_no_bar() -> None:
    svg = drawing(KINDS["compare"]())
    assert {
        "Exampleshire",
        "England",
        "North",
        "Median of 9 statistical neighbours",
        "not published",
        "Target 60%",
    } <= set(words(svg))
    fills = [e.get("fill") for e in marks(svg)]
    assert fills == ["#12436d", "#6b8fae", "#6b8fae"]
    assert (
        marks(svg)[0].get("data-key")
        == "||published:within_20_weeks_pct|place=Exampleshire|2024-01-01|2024-12-31"
    )
    assert charts.alt(published(), "compare") == (
        "Bar chart. 2024: Exampleshire 37.5%; England 45.9%; North not published; Median of 9 statistical neighbours 32.9%."
    )


def test_a_chart_drawn_into_axes_of_the_caller_leaves_her_figure_alone() -> None:
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
    assert charts.line(frame(RISE), ax=left) is left
    assert (
        charts.bars(
            pd.concat([frame([9.0], group="district=A"), frame([7.0], group="district=B")]),
            ax=right,
        )
        is right
    )
    svg = drawing(figure)
    assert len(marks(svg)) == 26 and tuple(figure.get_size_inches()) == (9, 3)
    plt.close(figure)


def test_house_style_holds_whatever_the_caller_has_set() -> None:
    import matplotlib

    plain = charts.svg(KINDS["line"](), "wide", "a")
    with matplotlib.rc_context(
        {"font.size": 30, "axes.grid": False, "svg.fonttype": "path", "lines.linewidth": 9}
    ):
        assert charts.svg(KINDS["line"](), "wide", "a") == plain


def test_marks_of_the_callers_own_chart_get_the_key_of_the_row_they_show() -> None:
    import matplotlib.pyplot as plt
    import seaborn

    rows = pd.concat(
        [frame(RISE, group="district=A"), frame([v - 0.5 for v in WAVE], group="district=B")]
    )
    newest = rows[rows["period_end"] == ENDS[-1]]
    line = seaborn.lineplot(
        rows, x="period_end", y="value", hue="group", marker="o", ax=plt.figure().subplots()
    )
    dots = seaborn.scatterplot(rows, x="period_end", y="value", ax=plt.figure().subplots())
    bars = seaborn.barplot(newest, x="value", y="group", ax=plt.figure().subplots())
    for ax, part in ((line, rows), (dots, rows), (bars, newest)):
        assert charts.claim(ax, part) == len(part)
        expected = sorted(str(Key.of(r)) for r in part.to_dict("records"))
        for width in ("wide", "narrow"):
            assert sorted(e.get("data-key") for e in marks(drawing(ax, width))) == expected
    assert not [e for e in marks(drawing(line)) if e.tag == f"{SVG}path"]
    other = seaborn.barplot(rows, x="group", y="value", errorbar=None, ax=plt.figure().subplots())
    assert charts.claim(other, rows) == 0  # bars of means show no row
    plt.close("all")


def test_what_a_notebook_sets_on_its_first_figure_outlasts_the_house_style() -> None:
    import matplotlib

    from sendwaits.release.charts.face import styled

    def first_figure() -> None:
        matplotlib.interactive(True)

    size = matplotlib.rcParams["font.size"]
    try:
        styled(first_figure)()
        assert matplotlib.is_interactive() and matplotlib.rcParams["font.size"] == size
    finally:
        matplotlib.interactive(False)


def test_a_dated_change_lies_between_the_last_month_before_it_and_the_first_after() -> None:
    svg = drawing(charts.line(frame(WAVE, "starts"), change_points=[("2023-09-01", "new form")]))
    at = {e.get("data-key")[-10:]: float(e.get("cx")) for e in marks(svg)}
    dotted = next(e for e in svg.iter(f"{SVG}path") if e.get("stroke-dasharray"))
    x = float(dotted.get("d")[1:].split(" ")[0])
    assert abs(x - (at["2023-08-31"] + at["2023-09-30"]) / 2) < 1


def test_the_names_at_the_end_of_a_fan_say_the_quantile_that_they_stand_at() -> None:
    svg = drawing(charts.fan(forecast(), frame(RISE[:-4] + [100.0] * 4)))
    ends = {t.text: t.get("data-key") for t in svg.iter(f"{SVG}text") if t.get("data-key")}
    for text, quantile in (("152 high", "p90"), ("100 middle", "p50"), ("48 low", "p10")):
        assert ends[text] == f"NST|assessment|forecast:waiting|{quantile}||2025-07-30"


def test_bands_past_the_boards_line_are_plum_the_named_one_navy_and_zero_has_no_bar() -> None:
    svg = drawing(KINDS["bands"]())
    fills = {e.get("data-key").split("|")[2]: e.get("fill") for e in marks(svg)}
    assert fills["waiting_band_365_728"] == "#801650" and fills["waiting_band_127_364"] == "#12436d"
    assert fills["waiting_band_0_7"] == "#6b8fae" and "waiting_band_729_plus" not in fills
    assert {"Up to 1 week", "18 to 52 weeks", "Over 104 weeks", "47.8%"} <= set(
        words(svg)
    )  # 567 of 1186


def test_numbers_have_one_decimal_with_halves_up_and_a_real_minus() -> None:
    from sendwaits.release.charts.words import number

    assert [number(v, "percent") for v in (36.25, 36.24, 100, 0)] == [
        "36.3%",
        "36.2%",
        "100.0%",
        "0.0%",
    ]
    assert [number(v) for v in (1186, 2.5, -12, -0.04)] == ["1,186", "2.5", "\u221212", "0"]
    assert (number(float("nan"), form="c"), number(float("nan"), form="z")) == ("[c]", "[z]")


def test_every_dated_change_is_named_at_both_widths() -> None:
    for kind in ("crowded", "crowded fan"):
        for width in ("wide", "narrow"):
            said = " ".join(words(drawing(KINDS[kind](), width)))
            assert all(label in said for _, label in CHANGES), (kind, width)
