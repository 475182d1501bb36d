"""What may go on a page: rows as they are released, charts of them, sentences about them. All else is refused by name."""

from __future__ import annotations

import re

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import pandas as pd  # noqa: E402
import pytest  # noqa: E402
import seaborn as sns  # noqa: E402
from made_frames import stock  # noqa: E402
from made_report import report  # noqa: E402

from sendwaits.errors import Refused  # noqa: E402
from sendwaits.release import publish  # noqa: E402


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def section(r, name, frame, ax=None, sentence=None):
    return publish.section(r, name, frame, ax, sentence)


def test_a_section_of_the_report_says_its_verdict_and_prints_each_number_with_its_key():
    r = report()
    part = section(r, "flow", r.flow())
    assert "growing, 215 children on 31 July 2024, 155 a year before" in part.text
    assert 'data-verdict="SLCN|contact|waiting||rising"' in part.html
    assert 'data-key="SLCN|contact|waiting|||2024-07-31">215<' in part.html


def test_a_row_that_was_changed_is_refused_and_named():
    r = report()
    frame = r.flow()
    frame.loc[frame["measure"] == "completed", "value"] += 1
    with pytest.raises(
        Refused,
        match="24 numbers of this frame are not released. The first: SLCN, contact, completed",
    ):
        section(r, "flow", frame)


def test_a_row_of_another_measure_is_refused():
    r = report()
    frame = r.flow().assign(measure="waiting_booked")
    with pytest.raises(Refused, match="not released"):
        section(r, "mine", frame, sentence="What is this?")


def test_a_selection_and_a_pivot_may_be_published_and_a_pivot_with_a_changed_cell_may_not():
    r = report()
    wide = r.flow().pivot(index="period_end", columns="measure", values="value").tail(3)
    part = section(r, "three months", wide, sentence="The list stood at 215.")
    assert len(re.findall("<tbody.*", part.html)) and "205" in part.html and "100" not in part.html
    wide.iloc[0, 0] = 7
    with pytest.raises(Refused, match="1 number of this frame is not released"):
        section(r, "three months", wide, sentence="The list stood at 215.")


def test_a_frame_that_does_not_say_which_numbers_it_holds_is_refused():
    r = report()
    with pytest.raises(Refused, match="does not say which numbers it holds"):
        section(r, "mine", pd.DataFrame({"x": [1.0]}), sentence="A number.")


def test_a_section_of_ones_own_needs_a_sentence_and_says_only_numbers_of_its_frame():
    r = report()
    with pytest.raises(Refused, match="it needs a sentence"):
        section(r, "my section", r.flow())
    with pytest.raises(Refused, match="the sentence says 216, which is not in the frame"):
        section(r, "my section", r.flow(), sentence="On 31 July 2024 216 children waited.")
    part = section(r, "my section", r.flow(), sentence="On 31 July 2024 215 children waited.")
    assert (
        part.text.startswith("My section")
        and 'data-key="SLCN|contact|waiting|||2024-07-31">215' in part.html
    )


def test_a_sentence_may_name_the_lines_of_its_table_and_no_others():
    r = report(rows=[*stock("SLCN", "contact", [12.0], measure="waiting_over_18_weeks")])
    part = section(r, "mine", r.released, sentence="12 children waited over 18 weeks.")
    assert ">12</span> children waited over 18 weeks." in part.html
    with pytest.raises(Refused, match="over 18 and over 52 weeks, which is not in the frame"):
        section(r, "mine", r.released, sentence="Children over 18 and over 52 weeks.")
    with pytest.raises(Refused, match="says 18"):
        section(r, "mine", r.released, sentence="12 of over 18 children.")


def test_words_of_direction_in_ones_own_sentence_must_agree_with_a_verdict():
    r = report()
    part = section(r, "mine", r.flow(), sentence="The list is growing.")
    assert 'data-verdict="SLCN|contact|waiting||rising">growing<' in part.html
    with pytest.raises(Refused, match="falling"):
        section(r, "mine", r.flow().query("measure == 'waiting'"), sentence="The list is falling.")


def test_a_seaborn_chart_of_the_frame_is_published_at_two_widths():
    r = report()
    frame = r.flow()
    ax = sns.boxplot(frame, x="measure", y="value")
    part = section(r, "mine", frame, ax, "Three series.")
    assert part.html.count("<svg") == 2 and part.html.count("<figure>") == 1
    assert part.html.index("<table") < part.html.index("</figure>")


@pytest.mark.parametrize("draw", [sns.boxplot, sns.stripplot])
def test_boxes_and_dots_beside_names_on_the_y_axis_are_read_along_x(draw):
    r = report()
    frame = r.flow()
    part = section(r, "mine", frame, draw(frame, x="value", y="measure"), "Three series.")
    assert part.html.count("<svg") == 2
    plt.close("all")
    other = frame.assign(value=frame["value"] + 3)  # 215 becomes 218
    with pytest.raises(Refused, match="the chart shows 1.*, which is not in the frame"):
        section(r, "mine", frame, draw(other, x="value", y="measure"), "Three series.")


def test_a_chart_that_shows_a_number_outside_the_frame_is_refused():
    r = report()
    frame = r.flow()
    _, ax = plt.subplots()
    ax.plot([1, 2, 3], [100.0, 105.0, 3.0])
    with pytest.raises(Refused, match="the chart shows 3.0, which is not in the frame"):
        section(r, "mine", frame, ax, "A line.")


def test_a_title_on_the_chart_is_read_like_a_sentence():
    r = report()
    frame = r.flow()
    ax = sns.lineplot(frame, x="period_end", y="value", hue="measure")
    ax.set_title("Up by 37")
    with pytest.raises(Refused, match="37"):
        section(r, "mine", frame, ax, "Lines.")


def test_markup_in_a_sentence_or_heading_is_inert():
    r = report()
    part = section(r, "<script>x</script>", r.flow(), sentence="<b>bold</b>")
    assert "<script>" not in part.html and "<b>" not in part.html


def test_a_series_that_is_not_published_has_no_rows_and_its_section_no_empty_number():
    r = report(rows=None)
    assert not len(r.series("contact", "removed_other"))
    assert "Not published: left another way." in section(r, "flow", r.flow()).text


def test_months_narrows_every_section_to_the_newest_months():
    from made_report import service

    from sendwaits.release.report import Report

    r = Report("backlog", service(), months=6)
    assert set(r.flow()["period_end"].dt.strftime("%Y-%m")) == {
        f"2024-{m:02d}" for m in range(2, 8)
    }
