"""Workbooks as tools write them: what a reader of values hides is told; a stray cell or deep XML costs nothing."""

from __future__ import annotations

import datetime as dt
import io
import re
import time
import zipfile

import pytest
import xlsxwriter
from extract_made import DATES, HEAD, outcome, put, rows, text
from reference import reference

from sendwaits import intake
from sendwaits.workspace import open_workspace

MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def book(change=lambda book, sheet: None, n=40, **options) -> bytes:
    """The made-up list as a workbook of real dates; ``change`` adds to it."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, **options}) as out:
        sheet, day = out.add_worksheet("List"), out.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, HEAD)
        for at, row in enumerate(rows(n), 1):
            for column, name in enumerate(HEAD):
                value = row[name]
                if isinstance(value, dt.date):
                    sheet.write_datetime(at, column, dt.datetime(*value.timetuple()[:3]), day)
                elif value is not None:
                    sheet.write(at, column, value)
        change(out, sheet)
    return made.getvalue()


def edited(data: bytes, edit) -> bytes:
    """The same zip, each member through ``edit(name, bytes)``."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, edit(name, old.read(name)))
    return out.getvalue()


def prefixed(name: str, xml: bytes) -> bytes:
    """Elements of the sheet with a prefix, as a dataflow of a reporting tool writes them."""
    if not name.startswith("xl/worksheets/sheet"):
        return xml
    xml = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", xml)
    return xml.replace(b'xmlns="' + MAIN, b'xmlns:x="' + MAIN)


def strict(name: str, xml: bytes) -> bytes:
    xml = xml.replace(MAIN, b"http://purl.oclc.org/ooxml/spreadsheetml/main")
    return xml.replace(RELATIONS, b"http://purl.oclc.org/ooxml/officeDocument/relationships")


def of(tmp_path, data: bytes, name="SLCN_2024-07-31.xlsx"):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "E"\n', encoding="utf-8")
    (tmp_path / "data" / "raw" / name).write_bytes(data)
    return outcome(tmp_path)


def told(found, code):
    return [line for line in found.screen.splitlines() if f" {code} " in f" {line} "]


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    root = tmp_path_factory.mktemp("right")
    put(root, text(rows()))
    return outcome(root).figures


def odd(book_, sheet):
    sheet.set_row(3, None, None, {"hidden": True})
    sheet.set_column(6, 6, None, None, {"hidden": True})
    sheet.write_formula(5, 4, "=1/0", None, "#DIV/0!")


@pytest.mark.parametrize("edit", [prefixed, strict])
def test_a_prefixed_or_strict_workbook_says_what_its_plain_twin_says(edit, tmp_path):
    plain, twin = of(tmp_path / "a", book(odd)), of(tmp_path / "b", edited(book(odd), edit))
    assert twin.screen == plain.screen and twin.figures.equals(plain.figures)
    assert "1 rows were hidden in Excel" in twin.screen and "1 hidden columns" in twin.screen
    assert told(twin, "Q-XLERR")


def test_the_dataflow_of_the_field_is_read(tmp_path):
    source = reference("field/c09_powerbi_refs") / "data" / "raw" / "SLCN_2024-07-31.xlsx"
    found = of(tmp_path, source.read_bytes())
    assert found.value("waiting") == 20 and found.total("completed") == 10


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data,
        lambda data: edited(data, prefixed),
        lambda data: edited(data, strict),
    ],
)  # fmt: skip
def test_one_list_in_many_workbooks_is_one_list(change, tmp_path, right):
    assert of(tmp_path, change(book())).figures.equals(right)


@pytest.mark.parametrize(
    "options", [{"date_1904": True}, {"strings_to_numbers": True}, {"constant_memory": True}]
)
def test_days_from_1904_inline_strings_and_numbers_are_the_same_list(options, tmp_path, right):
    assert of(tmp_path, book(**options)).figures.equals(right)


def test_rich_text_is_its_text(tmp_path, right):
    def rich(out, sheet):
        bold = out.add_format({"bold": True})
        sheet.write_rich_string(1, 5, bold, "No", "rth")

    assert of(tmp_path, book(rich)).figures.equals(right)


@pytest.mark.parametrize(("column", "name"), [(2, "referral_date"), (3, "first_contact_date")])
def test_a_formula_without_a_value_in_a_date_of_a_wait_is_refused(column, name, tmp_path):
    def empty(name, xml):
        return re.sub(rb"(<f>[^<]*</f>)<v>[^<]*</v>", rb"\1", xml) if "/sheet1" in name else xml

    data = book(lambda b, s: s.write_formula(4, column, "=TODAY()"))
    assert f"'{name}' holds formulas" in of(tmp_path, edited(data, empty)).refused


def test_two_dates_typed_by_hand_hide_no_spreadsheet_of_another_locale(tmp_path):
    """Days up to 12 became dates, month first; the others stayed text; then two true dates with a day above 12 were typed."""

    def us(book, sheet):
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for at, row in enumerate(rows(40), 1):
            day_of = row["referral_date"]
            if day_of.day > 12 and at > 12:
                sheet.write(at, 2, f"{day_of:%d/%m/%Y}")
            elif day_of.day <= 12:
                turned = dt.datetime(day_of.year, day_of.day, day_of.month)
                sheet.write_datetime(at, 2, turned, day)
            elif at > 2:
                sheet.write_datetime(at, 2, dt.datetime(2023, 4, 5), day)

    assert "swapped day and month" in of(tmp_path, book(us)).refused


@pytest.mark.parametrize("place", [(1_048_575, 0), (1_048_575, 16_383), (3, 16_383)])
def test_a_stray_cell_far_away_costs_no_time_and_changes_nothing(place, tmp_path, right):
    data = book(lambda b, s: s.write(*place, "x"))
    began = time.process_time()
    found = of(tmp_path, data)
    assert time.process_time() - began < 5
    assert found.figures.equals(right)
    assert bool(told(found, "Q-FOOTER")) == (place[0] > 1000)


def test_xml_that_is_nested_deeply_is_refused_at_once(tmp_path):
    def nest(name, xml):
        deep = b"<a>" * 200_000 + b"</a>" * 200_000
        return xml.replace(b"</sheetData>", b"</sheetData>" + deep) if "/sheet1" in name else xml

    began = time.process_time()
    found = of(tmp_path, edited(book(odd), nest))
    assert "nested too deeply" in found.refused and time.process_time() - began < 5


def test_a_return_that_is_nested_deeply_is_refused_at_once(tmp_path):
    began = time.process_time()
    data = b"<Message>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</Message>"
    found = of(tmp_path, data, "SEN2_2024-07-31.xml")
    assert "nested over 64 levels" in found.refused and time.process_time() - began < 5


def test_a_bomb_is_refused_before_it_goes_off(tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", 8) as out:
        out.writestr("xl/workbook.xml", "<workbook/>")
        with out.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            for _ in range(190):
                member.write(b" " * 1_000_000)
    began = time.process_time()
    found = of(tmp_path, bomb.getvalue())
    assert "far more than its size" in found.refused and time.process_time() - began < 3


@pytest.mark.parametrize("kind", ["xls", "xlsb", "ods"])
def test_other_workbooks_are_refused_by_name(kind, tmp_path):
    assert "as .xlsx or .xlsm only" in of(tmp_path, book(), f"SLCN_2024-07-31.{kind}").refused


def test_a_workbook_with_macros_is_read_as_any_other(tmp_path, right):
    assert of(tmp_path, book(), "SLCN_2024-07-31.xlsm").figures.equals(right)


def test_text_dates_beside_real_ones_with_days_above_12_are_no_swap(tmp_path):
    """Real dates on the 28th and text on the 13th: nobody swapped them; the minority is set aside as ever."""
    found = of(tmp_path, book(lambda b, s: s.write(1, 2, "13/03/2023")))
    assert "swapped" not in found.screen and told(found, "Q-DATE")


def test_a_swap_in_one_column_of_many_refuses_the_file(tmp_path):
    def swapped(out, sheet):
        column, day = HEAD.index("date_of_birth"), out.add_format({"num_format": "dd/mm/yyyy"})
        for at, row in enumerate(rows(), 1):
            born = row["date_of_birth"]
            if born.day > 12:
                sheet.write_string(at, column, f"{born:%d/%m/%Y}")
            else:
                sheet.write_datetime(at, column, dt.datetime(born.year, born.day, born.month), day)

    found = of(tmp_path, book(swapped))
    assert "'date_of_birth'" in found.refused and "another locale" in found.refused
    assert DATES[-1] == "date_of_birth"


def test_a_workbook_is_one_list_for_check_and_manifest(tmp_path):
    found = of(tmp_path, book(odd))
    assert found.figures is not None
    counts = intake.check(open_workspace(tmp_path)).manifest["files"]["SLCN_2024-07-31.xlsx"]
    assert (counts["read"], counts["quarantined"]) == (40, 1)
