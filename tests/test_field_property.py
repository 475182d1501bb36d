"""Whatever happens to a clean extract on its way: the figures are the truth, or it is refused, or a red finding stands on screen."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random

import pytest
from extract_made import DATES, outcome, put, rows, text

WORDS = ["NULL", "Unknown", "UN4", "0", "-", "Not known", "N/A", "UPN requested", "none", "Pending"]
FORMATS = ["%d/%m/%Y", "%d-%b-%Y", "%d-%b-%y", "%d/%m/%y", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%b %d %Y %I:%M%p", "%d%b%Y:%H:%M:%S",
           "%d-%b-%y %I.%M.%S.000000 %p", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.000", "%d %b %Y", "%A, %d %B %Y", "%d/%m/%Y %H:%M",
           "%m/%d/%Y", "%d %b %Y %H:%M", "%y-%m-%d", "%Y-%j", "%H:%M %d/%m/%Y", "%d_%m_%Y", "%m-%d-%Y"]  # fmt: skip


def new_ids(table, rng):
    form = rng.choice(["S1-{0}", "{0}", "X{1}", "R{1:03d}", ""])
    for n, row in enumerate(table):
        row["referral_id"] = form.format(n, len(table) - n)


def some_new_ids(table, rng):
    for n, row in enumerate(table):
        if rng.random() < 0.5:
            row["referral_id"] = f"S{n}"


def placeholders(table, rng):
    word, share = rng.choice(WORDS), rng.random()
    for row in table:
        if rng.random() < share:
            row["child_id"] = word


def few_placeholders(table, rng):
    """Two open referrals without a child's id nor a date of birth: nothing but the word tells that they are two children."""
    still = [r for r in table if not (r["first_contact_date"] or r["closed_date"])]
    word = rng.choice(["UN4", "UN10", "0", "000000", "UPN 2 requested"])
    for row in rng.sample(still, 2):
        row["child_id"], row["date_of_birth"] = word, ""


def ids_written_otherwise(table, rng):
    form = rng.choice(["{0}.0", "'{0}", '="{0}"', "0{0}", "P{0}", "{0:0>9}"])
    for row in table:
        row["child_id"] = form.format(row["child_id"][1:])
        row["referral_id"] = form.format(row["referral_id"][1:])


def children_replaced(table, rng):
    for n, row in enumerate(table):
        row["child_id"], row["referral_id"] = f"N{n * 7 % 40}x", f"S{n}"


def list_cut_off(table, rng):
    del table[rng.randrange(14, 30) :]


def column_lost(table, rng):
    name, way = rng.choice(DATES[1:3]), rng.choice(["gone", "renamed", "blank"])
    for row in table:
        value = row.pop(name)
        if way != "gone":
            row["Dt Ended" if name == "closed_date" else "1st Contact Dt"] = value
        if way == "blank":
            row[name] = ""


def year_day_month(table, rng):
    name = rng.choice([*DATES[:3], ""])
    for row, made in zip(table, rows(), strict=True):
        for one in [name] if name else DATES:
            row[one] = made[one].strftime("%Y-%d-%m") if made[one] else ""


def excel_1904(table, rng):
    for row, made in zip(table, rows(), strict=True):
        for name in DATES:
            row[name] = str((made[name] - dt.date(1904, 1, 1)).days) if made[name] else ""


def day_not_recorded(table, rng):
    word = rng.choice(["not recorded", "Unknown", "N/K", "seen, see notes"])
    for row in table[:24]:
        row["first_contact_date"] = row["first_contact_date"] and word


def one_id_for_many(table, rng):
    for row in rng.sample(table, rng.randrange(6, len(table))):
        row["child_id"] = "C77777"


def spoilt_cells(table, rng):
    column, value = (
        rng.choice(DATES[:3]),
        rng.choice(["31/02/2024", "see notes", "2024-13-45", "soon 5"]),
    )
    for row in rng.sample(table, rng.randrange(12, len(table))):
        row[column] = value


def another_format(table, rng):
    form, columns = rng.choice(FORMATS), rng.choice([DATES, DATES[1:2], DATES[:1], DATES[2:3]])
    for row, made in zip(table, rows(), strict=True):
        for name in columns:
            row[name] = made[name].strftime(form) if made[name] else ""


def swapped_by_a_spreadsheet(table, rng):
    for row, made in zip(table, rows(), strict=True):
        for name in DATES:
            day = made[name]
            if day:
                low = day.day <= 12
                row[name] = f"{day:%Y}-{day.day:02d}-{day.month:02d}" if low else f"{day:%d/%m/%Y}"


def null_cells(table, rng):
    word = rng.choice(["NULL", "N/A", "None", "-", "nan", "(null)"])
    for row in table:
        for name, value in row.items():
            row[name] = value or word


def columns_gone(table, rng):
    gone = rng.choice(["referral_id", "child_id", "referral_date"])
    for row in table:
        del row[gone]


def columns_swapped(table, rng):
    for row in table:
        row["referral_date"], row["date_of_birth"] = row["date_of_birth"], row["referral_date"]


KINDS = [new_ids, some_new_ids, placeholders, few_placeholders, one_id_for_many, spoilt_cells, another_format, swapped_by_a_spreadsheet,
         null_cells, columns_gone, columns_swapped, ids_written_otherwise, children_replaced, list_cut_off, column_lost,
         year_day_month, excel_1904, day_not_recorded]  # fmt: skip
RIGHT = (new_ids, placeholders, few_placeholders, null_cells, ids_written_otherwise)
"""Here a red finding is no excuse: the figures are the truth, or the file is refused."""


def mangled(path, rng):
    """The file's own text changed: separator, encoding, ends, title lines, a total."""
    table = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    out = io.StringIO()
    if rng.random() < 0.3:
        out.write(rng.choice(["sep=;\n", "Waiting list\nPrinted today\n\n"]))
        table[0] = [f" {h} " for h in table[0]]
    csv.writer(
        out, delimiter=rng.choice(",;\t|"), lineterminator=rng.choice(["\n", "\r\n"])
    ).writerows(table)
    path.write_bytes(out.getvalue().encode(rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])))


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    root = tmp_path_factory.mktemp("truth")
    put(root, text(rows(day="2024-04-30")), "2024-04-30")
    put(root, text(rows()))
    return outcome(root).figures


def holds(seed, truth, root):
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    put(root, text(rows(day="2024-04-30")), "2024-04-30")
    table = text(rows())
    kind(table, rng)
    path = put(root, table)
    if rng.random() < 0.3:
        mangled(path, rng)
    found = outcome(root)
    right = found.figures is not None and found.figures.equals(truth)
    assert right or found.refused or (found.red and kind not in RIGHT), (
        f"{kind.__name__}, seed {seed}: a difference in silence"
    )


@pytest.mark.parametrize("seed", range(36))
def test_no_corruption_makes_a_difference_in_silence(seed, truth, tmp_path):
    holds(seed, truth, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(36, 576))
def test_no_corruption_of_five_hundred_makes_a_difference_in_silence(seed, truth, tmp_path):
    holds(seed, truth, tmp_path)
