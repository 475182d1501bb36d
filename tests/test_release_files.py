"""figures.csv and verdicts.csv: the released frame and nothing else, readable again, inert, the same bytes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from made_frames import END, flow, released, share, stock, verdicts

from sendwaits.errors import Unsafe
from sendwaits.release.ahead import Ahead, as_printed
from sendwaits.release.files import figures_csv, read_figures, read_verdicts, verdicts_csv
from sendwaits.release.key import COLUMNS
from sendwaits.release.profile import Profile


def some() -> pd.DataFrame:
    return released(
        [
            *stock("SLCN", "contact", [None, 1250.0]),
            *flow("SLCN", "contact", "completed", [15.0], form="rounded"),
            *share("SLCN", "contact", "within_standard_pct", [None, (38, 104)]),
        ]
    )


def test_figures_csv_has_iso_dates_whole_counts_exact_shares_and_the_form() -> None:
    assert figures_csv(some()).decode().split("\n") == [
        ",".join(COLUMNS),
        "SLCN,contact,waiting,,,2024-06-30,,count,,,,c",
        "SLCN,contact,waiting,,,2024-07-31,1250,count,,,1250,exact",
        "SLCN,contact,completed,,2024-07-01,2024-07-31,15,count,,,15,rounded",
        "SLCN,contact,within_standard_pct,,2024-02-01,2024-04-30,,percent,,,0,z",
        "SLCN,contact,within_standard_pct,,2024-05-01,2024-07-31,36.53846153846154,percent,38,104,104,exact",
        "",
    ]


def test_a_figures_csv_reads_back_as_the_frame_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "figures.csv").write_bytes(figures_csv(some()))
    back = read_figures(tmp_path / "figures.csv")
    pd.testing.assert_frame_equal(back, some(), check_dtype=False)
    assert figures_csv(back) == figures_csv(some())


def test_text_that_a_spreadsheet_would_run_is_inert_and_reads_back(tmp_path: Path) -> None:
    frame = released(stock("=CMD|x", "@SUM(A1)", [30.0], group="school=+1"))
    body = figures_csv(frame)
    assert b"\n'=CMD|x,'@SUM(A1),waiting,school=+1," in body
    (tmp_path / "figures.csv").write_bytes(body)
    assert read_figures(tmp_path / "figures.csv")["pathway"].tolist() == ["=CMD|x"]


def test_verdicts_csv_has_one_row_per_series_and_dates_as_iso(tmp_path: Path) -> None:
    row = (
        "SLCN",
        "contact",
        "waiting",
        "",
        "quarter",
        pd.Timestamp(END),
        "falling",
        pd.Timestamp("2023-12-31"),
        "net flow -14 a month",
    )
    body = verdicts_csv(verdicts([row]))
    assert (
        body.decode().split("\n")[1]
        == "SLCN,contact,waiting,,quarter,2024-07-31,falling,2023-12-31,net flow -14 a month"
    )
    (tmp_path / "verdicts.csv").write_bytes(body)
    assert read_verdicts(tmp_path / "verdicts.csv").loc[0, "since"] == "2023-12-31"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"pathway,wait\n",
        b"\xff\xfe",
        b",".join(c.encode() for c in COLUMNS) + b"\na,b,c,,,2024-07-31,x,count,,,,exact\n",
    ],
)
def test_what_is_no_released_file_is_refused_without_its_values(
    tmp_path: Path, body: bytes
) -> None:
    (tmp_path / "figures.csv").write_bytes(body)
    with pytest.raises(Unsafe, match="figures.csv: .* Make the set again"):
        read_figures(tmp_path / "figures.csv")


def test_a_forecast_stands_in_files_with_the_decimals_of_a_page() -> None:
    """Children whole, halves up; mean waits and shares with one decimal; a chance in whole per cent. Analyst: as it is."""
    quantiles = ["p10", "p25", "p50", "p75", "p90"]
    names = ["pathway", "wait", "measure", "target_date", "scenario", "mean", *quantiles]
    rows = [
        ("SLCN", "contact", "waiting", "2024-08-07", "baseline", 922.44, *[922.5] * 5, None),
        ("SLCN", "contact", "mean_weeks_open", "2024-08-07", "baseline", 54.1, *[54.06] * 5, None),
        ("SLCN", "contact", "p_target", "2024-12-31", "baseline", None, *[None] * 5, 0.834),
    ]
    frame = pd.DataFrame(rows, columns=[*names, "probability"])
    told = as_printed(frame, Profile("board"))
    assert told.loc[0, ["mean", *quantiles]].tolist() == [922.0, *[923.0] * 5]
    assert told.loc[1, quantiles].tolist() == [54.1] * 5 and told.loc[2, "probability"] == 0.83
    pages, files = Ahead(frame), Ahead(told)
    for key, measure in enumerate(("waiting", "mean_weeks_open")):
        page, file = (a.series("contact", measure)[0] for a in (pages, files))
        assert str(pages.number(page, "p50")) == f"{file.p50:.{key}f}"
    assert as_printed(frame, Profile("analyst")) is frame
