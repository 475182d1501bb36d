"""The `sendwaits.toml` of the made-up workspace."""

from __future__ import annotations

from sendwaits.sample.extracts import heading_tables

__all__ = ["settings"]

_HEAD = """\
# Settings of the made-up sample. Every child in data/raw is invented; the Board's figures are calibrated, not copied.

[area]
name = "Nottinghamshire"
la_code = "E10000024"
districts = ["Ashfield", "Bassetlaw", "Broxtowe", "Gedling", "Mansfield", "Newark and Sherwood", "Rushcliffe"]
neighbours = ["Lancashire", "Derbyshire", "Leicestershire", "Staffordshire", "Warwickshire", "Norfolk", "Suffolk", "Kent", "North Somerset", "Somerset"]

[disclosure]
profile = "board"
k = 5

# Promises. Source of the first: the partnership's October 2024 update; the others are made up for the sample.
[[targets]]
pathway = "EHC"
measure = "within_20_weeks_pct"
by = "2024-12-31"
at_least = 40

[[targets]]
pathway = "NST"
wait = "assessment"
measure = "waiting_over_52_weeks"
by = "2025-03-31"
at_most = 300

[[targets]]
pathway = "OT_HEALTH"
wait = "treatment"
measure = "waiting_over_52_weeks"
by = "2024-12-31"
at_most = 0

[[targets]]
pathway = "OT_HEALTH"
wait = "assessment"
measure = "within_standard_pct"
by = "2024-12-31"
at_least = 92

[[targets]]
pathway = "SLCN"
wait = "contact"
measure = "within_standard_pct"
by = "2025-03-31"
at_least = 70

# Dated changes of a service: drawn on its charts, limits start anew there.
[[change_points]]
pathway = "OT_HEALTH"
date = "2024-03-01"
label = "Effort moved to children already assessed"

[[change_points]]
pathway = "SLCN"
date = "2025-04-01"
label = "Locality model begins"

# What may change. Percentages are of the level at as_at.
[[scenarios]]
name = "nine more psychologists"
pathway = "EHC"
from = "2025-01-06"
capacity_change_pct = 30

[[scenarios]]
name = "requests keep growing"
pathway = "EHC"
from = "2024-10-01"
demand_change_pct = 15

[[scenarios]]
name = "two slots back to assessment"
pathway = "OT_HEALTH"
from = "2024-11-04"
move_slots_per_week = 2
move_from = "treatment"
move_to = "assessment"

[[scenarios]]
name = "locality model"
pathway = "SLCN"
from = "2025-04-01"
capacity_change_pct = 15
"""

_COMPLETE = "".join(
    f'\n[pathways.{code}]\ncomplete_from = "2021-01-01"\n'
    for code in ("NST", "OT_HEALTH", "OT_LA", "SLCN", "SLCN_AUTISM", "EHC")
)


def settings(supplier_headings: bool = True) -> str:
    """The text of `sendwaits.toml`; with ``supplier_headings`` the maps of the services sent in headings of their own."""
    text = (
        _HEAD
        + "\n# The suppliers hold what was open on or after 1 January 2021.\n"
        + _COMPLETE.lstrip("\n")
    )
    return text + (
        "\n# Headings of the suppliers' extracts.\n" + heading_tables() if supplier_headings else ""
    )
