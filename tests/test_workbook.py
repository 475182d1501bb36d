"""tables.xlsx: tidy sheets that pivot, tables that read, the spreadsheet checklist item by item, the same bytes."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from made_frames import END, flow, released, share, stock, verdicts

from sendwaits.measure import rates
from sendwaits.release.files import figures_csv
from sendwaits.release.key import COLUMNS
from sendwaits.release.names import Measure, Names
from sendwaits.release.profile import Profile
from sendwaits.release.workbook import FIGURES, Table, workbook

SERVICES = ("NST", "OT", "EHC", "SLCN", "AUTISM", "LOG")
BANDS = {
    f"waiting_band_{a}_{b}": Measure(f"Days {a} to {b}", "", "", "list")
    for a, b in ((0, 7), (8, 14), (85, 126))
}
NAMES = Names(
    {code: (f"Service {code}", code) for code in SERVICES},
    {(code, "first"): "referral to first contact" for code in SERVICES},
    {
        "waiting": Measure("Waiting", "children waiting", "down", "list", "Open waits."),
        "completed": Measure("Completed", "waits completed"),
        **BANDS,
    },
    dict.fromkeys(SERVICES, "first"),
)


def figures() -> pd.DataFrame:
    rows = []
    for i, code in enumerate(SERVICES):
        rows += stock(
            code,
            "first",
            [None if code == "LOG" and m == 3 else float(100 * i + m + 10) for m in range(12)],
            form="rounded" if code == "OT" else "exact",
        )
        rows += flow(code, "first", "completed", [float(m) for m in range(10, 22)])
        rows += share(code, "first", "within_standard_pct", [None, (30, 100), (38, 104)])
        rows += [
            r
            for band, v in zip(reversed(BANDS), (7.0, None, 12.0))
            for r in stock(code, "first", [v], measure=band)
        ]
    rows += stock("NST", "first", [9.0], group="district==1+1")
    return released(rows)


def judged() -> pd.DataFrame:
    return verdicts(
        [
            (
                "NST",
                "first",
                "waiting",
                "",
                "month",
                END,
                "rising",
                "2023-09-01",
                "=net flow 1 a month",
            )
        ]
    )


def forecast() -> pd.DataFrame:
    row = {
        "pathway": "NST",
        "wait": "first",
        "measure": "waiting",
        "target_date": "2024-08-07",
        "horizon_weeks": 1,
        "scenario": "baseline",
        "mean": 22.5,
        "p10": 20.0,
        "p25": 21.0,
        "p50": 22.0,
        "p75": 23.0,
        "p90": 25.0,
        "probability": None,
        "note": "@note",
    }
    return pd.DataFrame([row])


def made(frame: pd.DataFrame | None = None, **given: Any) -> bytes:
    risks = pd.DataFrame({"service": ["NST"], "risk": ["-2+3"], "owner": [""]})
    asked = {
        "area": "=HYPERLINK(1)",
        "as_at": date(2024, 7, 31),
        "profile": Profile("board"),
        "words": NAMES,
        **given,
    }
    return workbook(figures() if frame is None else frame, judged(), forecast(), risks, **asked)


@pytest.fixture(scope="module")
def body() -> bytes:
    return made()


@pytest.fixture(scope="module")
def book(body: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(body))


@pytest.fixture(scope="module")
def parts(body: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        return {n: file.read(n).decode() for n in file.namelist()}


PRESENTED = [
    "1_Waiting",
    "2_On_time",
    "3_How_long",
    *(f"{i}_{c}" for i, c in enumerate(SERVICES, 4)),
]


def test_the_sheets_stand_in_the_order_of_the_house(book: openpyxl.Workbook) -> None:
    assert book.sheetnames == [
        "Contents",
        "Notes",
        "Figures",
        "Forecasts",
        "Verdicts",
        "Risks",
        *PRESENTED,
        "Charts",
    ]


# --- Figures: pivot-friendly ----------------------------------------------------------------------


def test_pandas_reads_figures_back_equal_to_figures_csv(body: bytes) -> None:
    sheet = pd.read_excel(
        io.BytesIO(body),
        engine="openpyxl",
        sheet_name="Figures",
        keep_default_na=False,
        na_values=[""],
    )
    file = pd.read_csv(io.BytesIO(figures_csv(figures())), keep_default_na=False, na_values=[""])
    for name in ("period_start", "period_end"):
        assert sheet[name].dtype.kind == "M"  # real dates, not text
        file[name] = pd.to_datetime(file[name])
    assert list(sheet.columns) == list(FIGURES)
    pd.testing.assert_frame_equal(sheet[COLUMNS], file, check_dtype=False, rtol=0, atol=1e-13)


def test_figures_pivot_by_service_and_day(body: bytes) -> None:
    sheet = pd.read_excel(io.BytesIO(body), engine="openpyxl", sheet_name="Figures")
    waiting = sheet[(sheet["measure"] == "waiting") & sheet["group"].isna()]
    wide = waiting.pivot_table(index="period_end", columns="service", values="value")
    assert wide.loc["2024-07-31", "EHC"] == 221 and wide["LOG"].notna().sum() == 11


def test_each_row_says_its_words_grain_interval_and_verdict(body: bytes) -> None:
    sheet = pd.read_excel(
        io.BytesIO(body), engine="openpyxl", sheet_name="Figures", keep_default_na=False
    )
    row = sheet[(sheet["pathway"] == "NST") & (sheet["measure"] == "within_standard_pct")].iloc[-1]
    assert row[["service", "wait_name", "measure_name", "group_name", "grain"]].tolist() == [
        "NST",
        "referral to first contact",
        "Within standard pct",
        "Everyone",
        "quarter",
    ]
    wilson = rates.share(38, 104)  # 27.9 to 46.1
    assert (row["low_95"], row["high_95"]) == pytest.approx((wilson.low, wilson.high), abs=1e-12)
    assert round(row["low_95"], 1) == 27.9
    assert set(
        sheet[
            (sheet["pathway"] == "NST") & (sheet["measure"] == "waiting") & (sheet["group"] == "")
        ]["verdict"]
    ) == {"rising"}


# --- the published checklist ----------------------------------------------------------------------


def test_every_table_is_marked_up_named_once_and_has_one_row_of_unique_headings(
    book: openpyxl.Workbook,
) -> None:
    names = []
    for sheet in book:
        assert len(sheet.tables) == (0 if sheet.title == "Charts" else 1), sheet.title
        for table in sheet.tables.values():
            heads = [c.value for c in sheet[table.ref][0]]
            assert len({str(h).lower() for h in heads}) == len(heads) and all(heads)
            assert table.headerRowCount in (None, 1)
            names.append(table.name)
    assert len(set(names)) == len(names)


def test_no_merged_hidden_or_blank_sheet_row_or_column_and_each_sheet_starts_in_a1(
    book: openpyxl.Workbook,
) -> None:
    for sheet in book:
        assert (
            not sheet.merged_cells.ranges and sheet.sheet_state == "visible" and sheet["A1"].value
        )
        assert not any(
            d.hidden for d in (*sheet.row_dimensions.values(), *sheet.column_dimensions.values())
        )
        rows = [[c.value for c in row] for row in sheet.iter_rows()]
        assert all(any(v is not None for v in row) for row in rows), sheet.title
        assert all(
            any(row[j] is not None for row in rows) for j in range(len(rows[0]))
        ) or sheet.title in ("Contents", "Risks", "Forecasts")


def test_tables_to_read_have_no_blank_cell_and_their_signs_are_explained(
    book: openpyxl.Workbook,
) -> None:
    notes = {row[0].value for row in book["Notes"].iter_rows(min_row=4)}
    assert {"[c]", "[z]", "[x]", "rounded", "Blank cells"} <= notes
    for name in PRESENTED:
        cells = [c.value for row in book[name].iter_rows(min_row=3) for c in row]
        assert None not in cells
        for sign in ("[c]", "[z]"):
            assert sign not in cells or sign in book[name]["A2"].value


def test_contents_links_lead_to_every_sheet_and_titles_are_descriptive(
    book: openpyxl.Workbook,
) -> None:
    links = [row[0] for row in book["Contents"].iter_rows(min_row=5)]
    assert [c.value for c in links] == book.sheetnames[1:]
    assert [c.hyperlink.location for c in links] == [f"'{n}'!A1" for n in book.sheetnames[1:]]
    assert all(len(row[1].value or "") > 4 for row in book["Contents"].iter_rows(min_row=5))
    assert all(book[n]["A1"].value.startswith(f"Table {n.split('_')[0]}:") for n in PRESENTED)
    assert book.properties.title == "SEND waiting lists, =HYPERLINK(1), 2024-07-31"


def test_no_formula_macro_outside_link_comment_image_or_personal_trace(
    parts: dict[str, str],
) -> None:
    assert not [
        n for n in parts if re.search(r"vba|externalLink|comments|media|printerSettings", n)
    ]
    assert not any("<f>" in text or "<f " in text for n, text in parts.items() if "worksheets" in n)
    assert not any('TargetMode="External"' in text for text in parts.values())
    core = parts["docProps/core.xml"]
    assert "<dc:creator></dc:creator>" in core and set(
        re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core)
    ) == {"2024-07-31T00:00:00Z"}


def test_letters_are_large_and_plain_and_headings_stay_in_view(
    book: openpyxl.Workbook, parts: dict[str, str]
) -> None:
    fonts = re.findall(r"<font>(.*?)</font>", parts["xl/styles.xml"], re.DOTALL)
    assert all(
        float(re.search(r'sz val="([\d.]+)"', f).group(1)) >= 11
        and 'name val="Arial"' in f
        and "<i/>" not in f
        for f in fonts
    )
    assert {book[n].freeze_panes for n in ("Figures", "Verdicts")} == {"A2"} and {
        book[n].freeze_panes for n in PRESENTED
    } == {"B4"}
    for sheet in book:
        assert (
            sheet.print_area
            and sheet.page_setup.fitToWidth in (None, 1)
            and sheet.page_setup.paperSize == 9
        )
        assert all(d.width >= 10 for d in sheet.column_dimensions.values())


def test_text_that_looks_like_a_formula_is_text_in_every_sheet(book: openpyxl.Workbook) -> None:
    cells = [
        c for sheet in book for row in sheet.iter_rows() for c in row if isinstance(c.value, str)
    ]
    assert all(c.data_type == "s" for c in cells)
    body = [c.value for c in cells if c.parent.title != "Contents"]
    assert not [v for v in body if v.startswith(("=", "+", "-", "@", "\t"))]
    assert {"'=net flow 1 a month", "'@note", "'-2+3"} <= set(body)


# --- the tables to read ---------------------------------------------------------------------------


def test_the_newest_day_is_last_and_numbers_have_the_house_formats(book: openpyxl.Workbook) -> None:
    sheet = book["1_Waiting"]
    days = [row[0] for row in sheet.iter_rows(min_row=4)]
    assert days[-1].value == datetime(2024, 7, 31) and days == sorted(days, key=lambda c: c.value)
    assert days[0].number_format == "d mmm yyyy" and sheet["B4"].number_format == "#,##0"
    assert [c.value for c in sheet[3]][:3] == [
        "Period ending",
        "NST, referral to first contact",
        "OT, referral to first contact",
    ]
    assert sheet["B15"].value == 21 and "rounded to the nearest 5" in sheet["A2"].value
    share = book["2_On_time"]
    assert [c.value for c in share[6]][1:4] == [pytest.approx(36.538, abs=1e-3), 38, 104] and share[
        "B6"
    ].number_format == '0.0"%"'
    assert share["B4"].value == "[z]"


def test_age_bands_stand_in_the_order_of_their_days(book: openpyxl.Workbook) -> None:
    rows = [[c.value for c in row][:2] for row in book["3_How_long"].iter_rows(min_row=4)]
    assert rows == [["Days 0 to 7", 12], ["Days 8 to 14", "[c]"], ["Days 85 to 126", 7]]


def test_each_list_without_a_hidden_day_has_a_native_line_chart_with_alt_text(
    parts: dict[str, str],
) -> None:
    charts = [text for n, text in parts.items() if n.startswith("xl/charts/chart")]
    assert len(charts) == 5 and all(
        "<c:lineChart>" in c and "<c:dateAx>" in c for c in charts
    )  # LOG has a [c]: Excel would draw it as 0
    assert not any("LOG" in c for c in charts)
    alts = re.findall(r'descr="([^"]+)"', parts["xl/drawings/drawing1.xml"])
    assert len(alts) == 5 and alts[0].startswith(
        "Line chart, NST, first, children waiting: 10 on the first day, 21 on the last."
    )


def test_given_tables_replace_the_own_ones(body: bytes) -> None:
    mine = Table("1_Mine", "Table 1: my own", released(stock("NST", "first", [5.0, 6.0])))
    book = openpyxl.load_workbook(io.BytesIO(made(presentation=[mine] * 1)))
    assert book.sheetnames[6:] == ["1_Mine"]


def test_the_same_frames_give_the_same_bytes(body: bytes) -> None:
    assert made() == body


def test_libreoffice_opens_it_and_reads_the_same_numbers(body: bytes, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip(
            "no LibreOffice on this machine: the workbook is not opened by a second program"
        )
    (tmp_path / "tables.xlsx").write_bytes(body)
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    command = [
        office,
        home,
        "--headless",
        "--convert-to",
        "ods",
        "--outdir",
        str(tmp_path / "out"),
        str(tmp_path / "tables.xlsx"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (tmp_path / "out" / "tables.ods").exists(), done.stdout + done.stderr
    from python_calamine import CalamineWorkbook

    sheets = CalamineWorkbook.from_path(tmp_path / "out" / "tables.ods")
    rows = sheets.get_sheet_by_name("Figures").to_python()
    assert rows[0] == list(FIGURES) and len(rows) == len(figures()) + 1
    assert sum(
        r[rows[0].index("value")] for r in rows[1:] if r[rows[0].index("value")] != ""
    ) == pytest.approx(figures()["value"].sum())
