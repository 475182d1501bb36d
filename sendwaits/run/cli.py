"""The commands. Each is one call on the area; errors become plain lines and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sendwaits import __version__, raw
from sendwaits.errors import CannotWrite, Refused, SendwaitsError, SomeFailed
from sendwaits.run.claims import claims
from sendwaits.run.options import (
    as_at_,
    debug_,
    folder_,
    form_,
    opened,
    pathways_,
    print_table,
    say,
)
from sendwaits.workspace import PROFILES

if TYPE_CHECKING:
    pass

__all__ = ["main"]

_DEBUG = "--debug"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sendwaits")
def cli() -> None:
    """Waiting-list analytics for SEND partnerships."""


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@debug_
def init(folder: Path, debug: bool) -> None:
    """Make an area's own empty workspace: commented settings, data/raw, notebooks."""
    from sendwaits.run.starting import init as make

    say(make(folder))


@cli.command()
@folder_
@click.option(
    "--seed",
    type=int,
    default=None,
    help="Another seed makes other children. Default: the seed of the repository's sample.",
)
@click.option(
    "--size", type=click.Choice(["small", "area", "national"]), default="area", show_default=True
)
@debug_
def sample(folder: Path, seed: int | None, size: str, debug: bool) -> None:
    """Make a workspace with made-up extracts. No real child, ever."""
    from sendwaits import sample as made_up

    made_up.write(folder, size=size, **({} if seed is None else {"seed": seed}))
    say([f"A made-up workspace is in {folder}. Next: sendwaits report {folder} --as-at 2024-07-31"])


@cli.command()
@folder_
@click.option("--allow-empty", is_flag=True, help="Accept a file that has headings but no rows.")
@click.option(
    "--accept-volume",
    is_flag=True,
    help="Accept a file with under half the rows of the one before.",
)
@click.option("--all", "every", is_flag=True, help="Older extracts and every finding, too.")
@debug_
def check(folder: Path, allow_empty: bool, accept_volume: bool, every: bool, debug: bool) -> None:
    """Clean only: what is read, set aside and why, and which waits come of it."""
    from sendwaits.run.checked import words
    from sendwaits.run.checking import leave

    area = opened(folder)
    result = area.check(allow_empty=allow_empty, accept_volume=accept_volume)
    if not result.manifest["files"]:
        raise Refused(
            "data/raw: holds no extract. Put one there, named like NST_2024-07-31.csv (service and extract date).\n"
            + raw.misnamed(area.workspace)
        )
    leave(result, area.workspace)
    click.echo("\n".join(words(result, area.workspace, every)))
    if result.refusals:
        raise Refused("\n".join(result.refusals[:6]))


@cli.command()
@folder_
@as_at_
@pathways_
@click.option(
    "--group",
    default="",
    help="Break down by district, sex, age_band, source, need, school, priority or worker.",
)
@click.option(
    "--period",
    type=click.Choice(["month", "quarter", "year", "ytd"]),
    default="month",
    show_default=True,
    help="Quarters are three calendar months, the newest ends with the month of the census day.",
)
@click.option(
    "--months",
    type=click.IntRange(1, 1200),
    default=24,
    show_default=True,
    help="How many months the periods cover, that of the census day included.",
)
@form_
@debug_
def figures(
    folder: Path,
    as_at: date,
    pathways: tuple[str, ...],
    group: str,
    period: str,
    months: int,
    form: str,
    debug: bool,
) -> None:
    """Print every measure, one row per number."""
    area = opened(folder)
    table = area.figures(
        as_at=as_at, pathway=list(pathways) or None, group=group, period=period, months=months
    )
    from sendwaits.run.doubts import doubts

    say([*area.said, *doubts(table, area.workspace)][:6])
    print_table(table, form)


@cli.command()
@folder_
@as_at_
@click.option("--pathway", "pathways", multiple=True)
@click.option(
    "--scenario", "scenarios", multiple=True, help="Add the rows of a scenario of sendwaits.toml."
)
@click.option(
    "--series",
    default=None,
    help="Forecast a measure of data/raw/series_*.csv instead; ALL for every one.",
)
@click.option(
    "--months",
    type=click.IntRange(1, 60),
    default=12,
    show_default=True,
    help="With --series: how many months ahead.",
)
@form_
@debug_
def forecast(
    folder: Path,
    as_at: date,
    pathways: tuple[str, ...],
    scenarios: tuple[str, ...],
    series: str | None,
    months: int,
    form: str,
    debug: bool,
) -> None:
    """Print the forecast of a pathway's waits, or of plain monthly series."""
    if (series is None) == (not pathways):
        raise Refused("Name either --pathway or --series. For every monthly series: --series ALL")
    area = opened(folder)
    if series is not None:
        table = area.forecast_series(series, as_at=as_at, months=months)
    else:
        table = area.forecast(list(pathways), as_at=as_at, scenario=list(scenarios))
    if series is not None and area.said:
        print_table(table, form)
        raise SomeFailed("\n".join([*area.said[:5], "The other series are forecast."]))
    say(area.said)
    print_table(table, form)


@cli.command()
@folder_
@as_at_
@pathways_
@click.option(
    "--report",
    "reports",
    multiple=True,
    help="A report name; may be given several times. Default: all.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=None,
    help="Reports made at the same time. Default: one per core.",
)
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default=None,
    help="Which numbers may be shown. Default: as in sendwaits.toml (board).",
)
@click.option(
    "--areas",
    type=click.Path(path_type=Path),
    default=None,
    help="A csv of areas: the set is made for each.",
)
@click.option("--dry-run", is_flag=True, help="List what would be made and why; make nothing.")
@click.option("--timings", is_flag=True, help="Print what the time was spent on, stage by stage.")
@click.option("--zip", "zipped", is_flag=True, help="Also put the set into one file, to be sent.")
@debug_
def report(
    folder: Path,
    as_at: date,
    pathways: tuple[str, ...],
    reports: tuple[str, ...],
    workers: int | None,
    profile: str | None,
    areas: Path | None,
    dry_run: bool,
    timings: bool,
    zipped: bool,
    debug: bool,
) -> None:
    """Make the set of reports of one day."""
    from sendwaits.run import batch
    from sendwaits.workspace import open_workspace

    summary = batch.run(
        open_workspace(folder),
        as_at=as_at,
        pathways=list(pathways) or None,
        reports=list(reports) or None,
        workers=workers,
        profile=profile,
        areas=areas,
        dry_run=dry_run,
        debug=debug,
    )
    say(summary.lines)
    if timings:
        click.echo("\n".join(summary.timings))
    if zipped and not dry_run:
        from sendwaits.release.sharing import zip_set

        click.echo(f"{zip_set(summary.folder).name} is beside the set, with its checksum.")
    if summary.exit_code:
        raise click.exceptions.Exit(summary.exit_code)


@cli.command()
@click.argument("reports", type=click.Path(path_type=Path))
@click.option(
    "--register",
    type=click.Path(path_type=Path),
    help="The workspace whose earlier releases count.",
)
@debug_
def verify(reports: Path, register: Path | None, debug: bool) -> None:
    """Is this set complete, unchanged and safe to release?"""
    from sendwaits.release import verify as checking

    for line in checking.verify(reports, register):
        click.echo(line)


@cli.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "csv", "json"]), default="text")
@debug_
def compare(before: Path, after: Path, form: str, debug: bool) -> None:
    """What changed between two sets of reports, why, and which verdicts turned."""
    from sendwaits.run import comparing

    found = comparing.compare(before, after)
    if form != "text":
        return print_table(found.changes, form)
    for line in comparing.lines(found, before, after):
        click.echo(line)


@cli.command("map")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--pathway", required=True)
@click.option("--write", is_flag=True, help="Append the table to sendwaits.toml.")
@debug_
def map_headings(file: Path, pathway: str, write: bool, debug: bool) -> None:
    """Propose a heading map for an extract; writes nothing unless told."""
    from sendwaits.run.starting import map_headings as propose

    click.echo(propose(file, pathway, write=write))


cli.add_command(claims)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its code."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(
            name, "1"
        )  # our arrays are small: more threads only wait for each other
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = _DEBUG in arguments
    sys.exit(_run(lambda: cli.main(arguments, prog_name="sendwaits", standalone_mode=False), debug))


def _run(command: Callable[[], Any], debug: bool) -> int:
    try:
        code = command()  # click catches its own Exit and hands its code back
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        where = (
            f"{error.ctx.command_path}: "
            if isinstance(error, click.UsageError) and error.ctx
            else ""
        )
        _plain(f"{where}{error.format_message()}")
        return 2
    except (click.Abort, KeyboardInterrupt):
        _plain("Stopped. Nothing was changed.")
        return 1
    except SendwaitsError as error:
        if debug:
            traceback.print_exc()
        _plain(str(error))
        return error.exit_code
    except OSError:
        if debug:
            traceback.print_exc()
        _plain(
            "A file or folder could not be used. Close it in other programs, and check its permissions and the free disk space."
        )
        return CannotWrite.exit_code
    except Exception:  # a bug: say so without any value from the data
        if debug:
            traceback.print_exc()
        _plain(
            "This is a bug in sendwaits. Run the same command with --debug and send what it prints, without any data."
        )
        return 1


def _plain(message: str) -> None:
    for line in message.strip().splitlines()[:6]:
        click.echo(line, err=True)


if __name__ == "__main__":
    main()
