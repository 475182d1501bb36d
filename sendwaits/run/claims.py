"""`sendwaits claims [FILE]`: what the statements of an earlier update are worth."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from sendwaits.workspace import parse_date

__all__ = ["claims"]

PRINTED = ["text", "verdict", "said", "right", "missing", "why"]


def _day(context: click.Context, option: click.Parameter, text: str | None) -> date | None:
    return None if text is None else parse_date(text, "--as-at")


@click.command()
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--dir", "folder", default=".", type=click.Path(path_type=Path), help="The workspace."
)
@click.option("--as-at", callback=_day, help="YYYY-MM-DD. Default: the newest extract.")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def claims(file: Path | None, folder: Path, as_at: date | None, form: str, debug: bool) -> None:
    """Check statements (FILE: csv or toml; default those of the workspace) against exact figures.

    Prints text, verdict, what was said, the right number, what is missing and why. For the analyst: exact numbers.
    """
    from sendwaits.area import open as open_area
    from sendwaits.measure.statements import from_file
    from sendwaits.run.printing import as_csv, as_json

    area = open_area(folder)
    table = area.claims(None if file is None else from_file(file), as_at)
    for line in area.said:
        click.echo(line, err=True)
    table = table.assign(missing=table["missing"].map("; ".join))[PRINTED]
    sys.stdout.buffer.write((as_json if form == "json" else as_csv)(table).encode("utf-8"))
