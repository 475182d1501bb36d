"""The corpus: one made-up workspace for each row of bad_inputs.csv and dq_rules.csv that cleaning answers for, with what must come of it.

A case is a function that writes files into data/raw and says what is expected: the refused code, the rows set aside by
code, findings, the counts. `clean_rows` is a faultless extract of 60 records.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import xlsxwriter

DAY = "2024-07-31"
NAME = f"NST_{DAY}.csv"
BOOK = f"NST_{DAY}.xlsx"
HEAD = [
    "child_id",
    "referral_id",
    "referral_date",
    "closed_date",
    "date_of_birth",
    "first_appointment_date",
    "next_appointment_date",
    "district",
    "need",
]
N = 60


@dataclass
class Expect:
    """What must come of a case; ``aside``: code -> rows of the file (header = 1). None = not looked at."""

    refused: str | None = None
    aside: dict[str, list[int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    merged: int = 0
    read: int | None = N
    file: str = NAME
    says: str = ""


CASES: dict[str, Callable[[Path], Expect]] = {}


def case(*ids: str) -> Callable[[Callable[[Path], Expect]], Callable[[Path], Expect]]:
    def register(make: Callable[[Path], Expect]) -> Callable[[Path], Expect]:
        for one in ids:
            assert one not in CASES, one
            CASES[one] = make
        return make

    return register


def clean_rows(n: int = N) -> list[list[str]]:
    """Faultless rows: dd/mm/yyyy, days above 12 among them; every third is seen, every fifth closed after that."""
    rows = []
    for i in range(n):
        start = dt.date(2023, 1, 5) + dt.timedelta(days=7 * i)
        seen = start + dt.timedelta(days=40) if i % 3 == 0 else None
        closed = start + dt.timedelta(days=50) if i % 5 == 0 else None
        rows.append(
            [
                f"C{i:04d}",
                f"R{i:04d}",
                uk(start),
                uk(closed),
                uk(start - dt.timedelta(days=3000 + i)),
                uk(seen),
                "",
                "North",
                "ASD",
            ]
        )
    return rows


def uk(day: dt.date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def put(
    raw: Path,
    rows: list[list[str]],
    *,
    head: list[str] = HEAD,
    name: str = NAME,
    sep: str = ",",
    encoding: str = "utf-8",
    end: str = "\n",
) -> None:
    (raw / name).write_bytes(text(rows, head=head, sep=sep, end=end).encode(encoding))


def text(rows: list[list[str]], *, head: list[str] = HEAD, sep: str = ",", end: str = "\n") -> str:
    return "".join(sep.join(row) + end for row in [head, *rows])


def changed(column: str, value: str, at: int = 9) -> list[list[str]]:
    """Clean rows with one cell changed: that of file row ``at + 2``."""
    rows = clean_rows()
    rows[at][HEAD.index(column)] = value
    return rows


def whole(column: str, value: Callable[[str], str]) -> list[list[str]]:
    """Clean rows with a whole column rewritten."""
    rows = clean_rows()
    for row in rows:
        row[HEAD.index(column)] = value(row[HEAD.index(column)])
    return rows


def one_cell(column: str, value: str, code: str) -> Callable[[Path], Expect]:
    def make(raw: Path) -> Expect:
        put(raw, changed(column, value))
        return Expect(aside={code: [11]})

    return make


def noted_cell(column: str, value: str, *codes: str) -> Callable[[Path], Expect]:
    def make(raw: Path) -> Expect:
        put(raw, changed(column, value))
        return Expect(notes=codes)

    return make


def raw_bytes(data: bytes, code: str, name: str = NAME, **more: object) -> Callable[[Path], Expect]:
    def make(raw: Path) -> Expect:
        (raw / name).write_bytes(data)
        return Expect(refused=code, read=0, file=name, **more)  # type: ignore[arg-type]

    return make


def iso(text: str) -> str:
    return f"{text[6:]}-{text[3:5]}-{text[:2]}" if text else ""


def serial(text: str) -> str:
    return str((dt.date.fromisoformat(iso(text)) - dt.date(1899, 12, 30)).days) if text else ""


# -- files


@case("B01")
def _(raw: Path) -> Expect:
    rows = changed("district", "Zoë’s")
    put(raw, rows, encoding="cp1252")
    return Expect(notes=("N-ENC",))


@case("B02")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), encoding="utf-16")
    return Expect(notes=("N-ENC",))


@case("B03")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), encoding="utf-8-sig")
    return Expect()


CASES["B04"] = raw_bytes(text(clean_rows()).encode("utf-16") + b"\x00", "F-ENC", says="byte")
CASES["B05"] = raw_bytes(b"", "F-EMPTY")
CASES["B06"] = raw_bytes(text([]).encode(), "F-NOROWS")
CASES["B07"] = raw_bytes(text(clean_rows()).encode()[:-30], "F-TRUNC", says="line 61")
CASES["B09"] = raw_bytes(
    b"<!DOCTYPE html><html><body>Log in</body></html>", "F-KIND", BOOK, says="web page"
)
CASES["B10"] = raw_bytes(
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + bytes(512)
    + "EncryptedPackage".encode("utf-16-le")
    + bytes(512),
    "F-PASS",
    BOOK,
    says="password",
)


@dataclass
class Book:
    """What goes into the made-up workbook beside the clean rows."""

    before: list[list[object]] = field(default_factory=list)
    heads: list[list[str]] = field(default_factory=lambda: [HEAD])
    after: list[list[object]] = field(default_factory=list)
    hidden_rows: tuple[int, ...] = ()
    hidden_sheet: bool = False
    second_sheet: bool = False
    formulas: dict[tuple[int, int], tuple[str, object]] = field(default_factory=dict)
    cells: dict[tuple[int, int], object] = field(default_factory=dict)
    date1904: bool = False


def book(raw: Path, what: Book, name: str = BOOK) -> None:
    """A workbook of the clean rows with real date cells."""
    with xlsxwriter.Workbook(str(raw / name), {"date_1904": what.date1904}) as file:
        day = file.add_format({"num_format": "dd/mm/yyyy"})
        for title in ("List", "Again")[: 1 + what.second_sheet]:
            sheet = file.add_worksheet(title)
            at = 0
            for row in [*what.before, *what.heads]:
                sheet.write_row(at, 0, row)
                at += 1
            for cells in clean_rows():
                for column, cell in enumerate(cells):
                    if cell[2:3] == "/":
                        sheet.write_datetime(at, column, dt.datetime.fromisoformat(iso(cell)), day)
                    elif cell:
                        sheet.write_string(at, column, cell)
                at += 1
            for row in what.after:
                sheet.write_row(at, 0, row)
                at += 1
            for row in what.hidden_rows:
                sheet.set_row(row - 1, None, None, {"hidden": True})
            for (row, column), value in what.cells.items():
                sheet.write(row - 1, column, value)
            for (row, column), (formula, value) in what.formulas.items():
                sheet.write_formula(row - 1, column, formula, None, value)
        if what.hidden_sheet:
            hidden = file.add_worksheet("Old")
            hidden.write_row(0, 0, HEAD)
            hidden.write_row(1, 0, clean_rows()[0])
            hidden.hide()


def workbook(what: Book, **expected: object) -> Callable[[Path], Expect]:
    def make(raw: Path) -> Expect:
        book(raw, what)
        return Expect(file=BOOK, **expected)  # type: ignore[arg-type]

    return make


@case("B08")
def _(raw: Path) -> Expect:
    book(raw, Book())
    data = (raw / BOOK).read_bytes()
    (raw / BOOK).write_bytes(data[: len(data) // 2])
    return Expect(refused="F-ZIP", read=0, file=BOOK)


@case("B11")
def _(raw: Path) -> Expect:
    book(raw, Book())
    buffer = io.BytesIO((raw / BOOK).read_bytes())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/blank.bin", bytes(80_000_000))
    (raw / BOOK).write_bytes(buffer.getvalue())
    return Expect(refused="F-BOMB", read=0, file=BOOK)


CASES["B12"] = workbook(Book(cells={(5000, 0): " "}), notes=("N-BLANK",))
CASES["B13"] = workbook(Book(hidden_sheet=True), notes=("N-HIDDEN",))
CASES["B14"] = workbook(Book(hidden_rows=(5, 6)), notes=("N-HIDDEN",))
CASES["B15"] = workbook(
    Book(second_sheet=True), refused="F-SHEET", read=0, says="'List' and 'Again'"
)
CASES["B17"] = workbook(
    Book(
        heads=[
            ["child", "referral", "", "closed", "date of", "first", "next", "", ""],
            [
                "id",
                "id",
                "date",
                "date",
                "birth",
                "appointment date",
                "appointment date",
                "district",
                "need",
            ],
        ]
    ),
    notes=("N-HEADER",),
)
CASES["D02"] = workbook(Book(before=[["Waiting list"], []]), notes=("N-PREAMBLE",))


@case("B16")
def _(raw: Path) -> Expect:
    (raw / NAME).write_text(
        "Waiting list report\nPrinted by the service\n\n" + text(clean_rows()), encoding="utf-8"
    )
    return Expect(notes=("N-PREAMBLE",))


@case("B18", "D01")
def _(raw: Path) -> Expect:
    put(
        raw,
        [
            *clean_rows(),
            ["Total", "60"],
            ["Grand total", "", "", "", "", "", "", "", "60"],
            ["", "", "", "60", "", "", "", "", ""],
        ],
    )
    return Expect(aside={"Q-TOTAL": [62, 63, 64]}, read=63)


@case("B19")
def _(raw: Path) -> Expect:
    put(raw, [*clean_rows(), ["End of report"], ["Printed on a Monday", *[""] * 8]])
    return Expect(aside={"Q-FOOTER": [62, 63]}, read=62)


@case("B20")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), head=[*HEAD[:-1], "referral_date"])
    return Expect(refused="F-DUPCOL", read=0, says="referral_date")


@case("B21")
def _(raw: Path) -> Expect:
    rows = clean_rows()
    put(raw, [*rows[:30], HEAD, *rows[30:]])
    return Expect(aside={"Q-HEADERROW": [32]}, read=61)


@case("B22")
def _(raw: Path) -> Expect:
    put(raw, [row[:2] + row[3:] for row in clean_rows()], head=HEAD[:2] + HEAD[3:])
    return Expect(refused="F-COLMISSING", read=0, says="'referral_date' is missing")


@case("B23")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), head=[*HEAD[:2], "Date Ref Recvd", *HEAD[3:]])
    return Expect(refused="F-COLRENAMED", read=0, says='referral_date = "Date Ref Recvd"')


@case("B24", "B78")
def _(raw: Path) -> Expect:
    put(raw, [[*row, "a name"] for row in clean_rows()], head=[*HEAD, "Child Name"])
    return Expect(notes=("N-EXTRACOL",))


@case("B25")
def _(raw: Path) -> Expect:
    head = list(HEAD)
    head[2], head[4] = head[4], head[2]
    put(raw, clean_rows(), head=head)
    return Expect(refused="F-SWAPPED", read=0)


@case("B26")
def _(raw: Path) -> Expect:
    put(raw, [[row[0], "x", *row[1:]] for row in clean_rows()])
    return Expect(refused="Q-FIELDS", aside={"Q-FIELDS": list(range(2, 62))})


@case("B27")
def _(raw: Path) -> Expect:
    rows = clean_rows()
    rows[5], rows[8] = rows[5][:-2], [*rows[8], "more"]
    put(raw, rows)
    return Expect(aside={"Q-FIELDS": [7, 10]})


@case("B28")
def _(raw: Path) -> Expect:
    put(raw, changed("need", '"ASD'))
    return Expect(refused="F-QUOTE", read=0, says="line 11")


@case("B29")
def _(raw: Path) -> Expect:
    rows = clean_rows()
    rows[9][7], rows[10][7] = '"North', 'South"'
    put(raw, rows)
    return Expect(aside={"F-QUOTE": [11, 12]})


@case("B30")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), sep=";")
    return Expect(notes=("N-DELIM",))


@case("B31")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), end="\r")
    return Expect()


CASES["B32"] = one_cell("need", "AS\x00D", "Q-CTRL")


@case("B33", "D03")
def _(raw: Path) -> Expect:
    put(
        raw, clean_rows(), head=["Child\u00a0ID", "referral  id", "REFERRAL\u200b_DATE ", *HEAD[3:]]
    )
    return Expect(notes=("N-HEADER",))


@case("B35")
def _(raw: Path) -> Expect:
    put(raw, clean_rows())
    put(raw, clean_rows(), name="NST_2024-08-31.csv")
    return Expect(refused="F-SAMEFILE", read=0, file="NST_2024-08-31.csv", says=NAME)


@case("B36")
def _(raw: Path) -> Expect:
    put(raw, clean_rows())
    put(raw, clean_rows()[::-1], name="NST_2024-08-31.csv", sep=";")
    return Expect(refused="F-STALE", read=0, file="NST_2024-08-31.csv", says=NAME)


@case("B37")
def _(raw: Path) -> Expect:
    put(
        raw,
        [[r[0], r[2], r[5], ""] for r in clean_rows()],
        head=["child_id", "referral_date", "assessment_date", "treatment_date"],
        name="SLCN_2024-07-31.csv",
    )
    return Expect(refused="F-SERVICE", read=0, file="SLCN_2024-07-31.csv", says="OT_HEALTH")


@case("B38")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), name="NST_2023-06-30.csv")
    return Expect(refused="F-ASOF", read=0, file="NST_2023-06-30.csv")


@case("B39")
def _(raw: Path) -> Expect:
    put(raw, clean_rows())
    put(raw, clean_rows(62), name="NST_2024-08-31.csv")
    return Expect(notes=("M-OVERLAP",), read=62, file="NST_2024-08-31.csv")


@case("B40")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), name="NST_2024-06-30.csv")
    put(raw, clean_rows(33))
    return Expect(notes=("W-VOLUME",), read=33)


@case("D26")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), name="NST_2024-06-30.csv")
    put(raw, clean_rows(29))
    return Expect(refused="W-VOLUME", read=0, says="--accept-volume")


# -- dates


@case("B41", "D20")
def _(raw: Path) -> Expect:
    put(raw, whole("referral_date", serial))
    return Expect(notes=("N-SERIAL",))


CASES["B42"] = workbook(
    Book(cells={(11, 2): 44900, (12, 2): "05/01/2024"}), notes=("N-SERIAL",), aside={"Q-DATE": [12]}
)
CASES["B43"] = workbook(Book(date1904=True))


@case("B44")
def _(raw: Path) -> Expect:
    put(raw, whole("referral_date", lambda t: f"{t[3:5]}/{t[:2]}/{t[6:]}"))
    return Expect(refused="F-USDATE", read=0, says="'referral_date'")


@case("B45")
def _(raw: Path) -> Expect:
    rows = clean_rows()
    for i, row in enumerate(rows):
        row[6] = f"{1 + i % 12:02d}/{1 + i * 5 % 12:02d}/2024"
    put(raw, rows)
    return Expect(notes=("W-AMBIG",))


CASES["B46"] = one_cell("referral_date", "31/02/2024", "Q-DATE")


@case("B47")
def _(raw: Path) -> Expect:
    put(raw, whole("referral_date", lambda t: t[:6] + t[8:]))
    return Expect(notes=("N-YY",))


CASES["B48"] = one_cell("first_appointment_date", "01/01/2204", "Q-DATERANGE")
CASES["B49"] = one_cell("referral_date", "01/01/1900", "Q-DEFAULTDATE")
CASES["D15"] = noted_cell("closed_date", "31/12/9999", "Q-DEFAULTDATE")
CASES["B50"] = noted_cell("first_appointment_date", "w/c 4 March", "Q-DATE")


@case("B51")
def _(raw: Path) -> Expect:
    put(raw, whole("referral_date", lambda t: f"{iso(t)}T23:30:00Z"))
    return Expect(notes=("N-TZ",))


CASES["B52"] = CASES["D14"] = one_cell("referral_date", "01/08/2024", "Q-FUTURE")
CASES["B53"] = CASES["B67"] = CASES["D13"] = one_cell("closed_date", "01/01/2022", "Q-ORDER")
CASES["B54"] = CASES["D19"] = one_cell("date_of_birth", "01/01/1990", "Q-AGE")
CASES["B55"] = one_cell("referral_date", "", "Q-NOREF")


@case("B56")
def _(raw: Path) -> Expect:
    put(raw, whole("referral_date", lambda t: f"{t} 00:00:00"))
    return Expect(notes=("N-DATE",))


@case("D16")
def _(raw: Path) -> Expect:
    put(raw, changed("referral_date", "2023-03-09"))
    return Expect(aside={"Q-DATE": [11]})


# -- values

CASES["B57"] = noted_cell("child_id", "943 476-5919", "N-NHS")
CASES["B58"] = CASES["D05"] = one_cell("child_id", "9434765918", "Q-NHS")
CASES["D06"] = noted_cell("child_id", "9990000018", "D06")
CASES["D07"] = one_cell("child_id", "A801200005001", "D07")
CASES["D08"] = noted_cell("child_id", "P89100002400A", "D08")
CASES["D04"] = noted_cell("child_id", "", "N-NOID")


@case("B59")
def _(raw: Path) -> Expect:
    rows = changed("child_id", "9434765919.0")
    rows[20][0] = "9.43E+09"
    put(raw, rows)
    return Expect(notes=("N-NHS",), aside={"Q-NHS": [22]})


CASES["B60"] = noted_cell("child_id", "00123")
CASES["B61"] = noted_cell("referral_id", "1E5")
CASES["B62"] = noted_cell("need", "None")


@case("B63", "D09")
def _(raw: Path) -> Expect:
    rows = clean_rows()
    put(raw, [*rows, rows[3]])
    return Expect(notes=("M-DUP",), merged=1, read=61)


@case("B64", "D10")
def _(raw: Path) -> Expect:
    rows = clean_rows()
    put(raw, [*rows, [*rows[3][:3], "30/07/2024", *rows[3][4:]]])
    return Expect(aside={"Q-CONFLICT": [5, 62]}, read=61)


@case("B65")
def _(raw: Path) -> Expect:
    put(raw, clean_rows())
    put(raw, [[r[0], r[1], r[2]] for r in clean_rows()], head=HEAD[:3], name="SLCN_2024-07-31.csv")
    return Expect()


@case("B66", "D12")
def _(raw: Path) -> Expect:
    rows = clean_rows()
    put(raw, [*rows, [rows[0][0], "R9000", "01/07/2024", *[""] * 6]])
    return Expect(read=61)


@case("B68", "D18")
def _(raw: Path) -> Expect:
    rows = [[*r, "1"] for r in clean_rows()]
    put(raw, rows, head=[*HEAD, "Weeks waiting"])
    return Expect(notes=("W-WAIT",))


@case("B69")
def _(raw: Path) -> Expect:
    rows = [[*r, "3 weeks"] for r in clean_rows()]
    rows[9][-1], rows[10][-1] = "17 months", "17"
    put(raw, rows, head=[*HEAD, "Wait"])
    return Expect(aside={"Q-UNIT": [11, 12]})


@case("B71", "D21")
def _(raw: Path) -> Expect:
    rows = [[r[0], r[1], r[2], "OT"] for r in clean_rows()]
    rows[4][3], rows[9][3] = " ota", "Physio"
    put(raw, rows, head=[*HEAD[:3], "worker"], name="OT_LA_2024-07-31.csv")
    return Expect(aside={"Q-CODE": [11]}, notes=("Q-CODE",), file="OT_LA_2024-07-31.csv")


CASES["B72"] = one_cell("district", "NG1 5AB", "Q-AREA")
CASES["B73"] = noted_cell("need", '"=HYPERLINK(""x"")"', "S-FORMULA")
CASES["B74"] = noted_cell("need", "<img src=x onerror=1>", "S-HTML")
CASES["B76"] = workbook(
    Book(formulas={(11, 2): ("=B11+1", "")}), refused="F-FORMULA", read=0, says="'referral_date'"
)
CASES["B77"] = workbook(Book(formulas={(11, 3): ("=1/0", "#DIV/0!")}), aside={"Q-XLERR": [11]})


@case("D22")
def _(raw: Path) -> Expect:
    start = "Blade-Export_31-07-2024_"
    (raw / f"{start}person.csv").write_text("persontableid,sex\n1,M\n", encoding="utf-8")
    (raw / f"{start}requests.csv").write_text(
        "requeststableid,persontableid,receiveddate,requestoutcome\n11,1,2023-Sep-28 00:00:00,A\n12,9,2023-Sep-28 00:00:00,A\n",
        encoding="utf-8",
    )
    return Expect(aside={"Q-ORPHAN": [3]}, read=2, file=f"{start}requests.csv")


@case("D23")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), name="NST_2024-06-30.csv")
    put(raw, clean_rows()[2:])
    return Expect(notes=("D23",), read=58)


@case("D24")
def _(raw: Path) -> Expect:
    rows = clean_rows()[:50]
    more = [
        [f"D{i}", f"Q{i}", "05/01/2023", "03/07/2024" if i < 30 else "", *[""] * 5]
        for i in range(60)
    ]
    put(raw, rows + more)
    return Expect(notes=("D24",), read=110)


@case("D25")
def _(raw: Path) -> Expect:
    put(raw, clean_rows(), name="NST_2024-06-30.csv")
    put(raw, changed("referral_date", "09/02/2023"))
    return Expect(notes=("D25",))


@case("D28")
def _(raw: Path) -> Expect:
    put(
        raw,
        [[r[0], r[1], r[2], "05/06/2024", "1"] for r in clean_rows()],
        head=["child_id", "request_id", "request_date", "plan_date", "week20"],
        name="EHC_2024-07-31.csv",
    )
    return Expect(notes=("D28",), file="EHC_2024-07-31.csv")


ELSEWHERE = {
    "B34": "test_intake_files.py::test_a_file_that_cannot_be_read_is_refused_by_name",
    "B70": "test_intake_files.py::test_monthly_series_keep_the_law_and_read_numbers_as_people_write_them",
    "B75": "test_intake_files.py::test_names_of_files_never_lead_out_of_the_workspace",
    "B79": "test_faults.py::test_a_disk_that_fills_up_while_the_set_is_written_leaves_the_old_set",
    "B80": "test_faults.py::test_a_read_only_folder_is_said_in_two_seconds_and_the_old_set_is_untouched",
    "B81": "test_intake_files.py::test_a_file_that_changes_while_it_is_read_is_refused",
    "D11": "test_waits.py::test_a_second_referral_while_the_first_is_open_is_its_duplicate_and_on_the_closing_day_a_new_one",
    "D17": "test_intake_files.py::test_probable_year_typos_and_overlaps_are_listed_by_file_and_row",
    "D27": "test_intake_files.py::test_dfe_files_are_read_with_their_markers_and_renamed_columns",
    "D29": "test_claims.py::test_a_fall_that_undoes_its_own_suppression_is_caught_without_telling_the_number",
}
"""Rows of the two tables that a test of its own answers for."""
