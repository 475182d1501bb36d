"""Arguments that several commands take, and how they print."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sendwaits import raw
from sendwaits.errors import Refused
from sendwaits.workspace import parse_date

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_at_", "debug_", "folder_", "form_", "opened", "pathways_", "print_table", "say"]


class _Date(click.ParamType):
    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = parse_date(value, "--as-at")
        except Refused as error:
            self.fail(str(error))
        if not raw.FIRST_DAY <= day <= raw.LAST_DAY:
            self.fail(
                f"--as-at: {day} is no census day. Give a day from {raw.FIRST_DAY} to {raw.LAST_DAY}."
            )
        return day


folder_ = click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
as_at_ = click.option(
    "--as-at",
    required=True,
    type=_Date(),
    help="The census day, YYYY-MM-DD: the state at the end of that day.",
)
pathways_ = click.option(
    "--pathway",
    "pathways",
    multiple=True,
    help="A pathway code; may be given several times. Default: all with an extract.",
)
form_ = click.option(
    "--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True
)
debug_ = click.option("--debug", is_flag=True, help="Show the traceback of an error.")


def opened(folder: Path) -> Any:
    from sendwaits.area import open as open_area

    return open_area(folder)


def say(lines: list[str]) -> None:
    for line in lines:
        click.echo(line, err=True)


def print_table(table: pd.DataFrame, form: str) -> None:
    """The table on standard output: csv with LF line ends, or a JSON list of objects with null for empty."""
    from sendwaits.run.printing import as_csv, as_json

    text = as_json(table) if form == "json" else as_csv(table)
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.flush()
