"""What a run did, in the few lines that a person reads."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sendwaits.run.plan import Plan

__all__ = ["Stage", "Summary", "shown", "told"]


@dataclass
class Stage:
    """What one part of a run cost: seconds by the clock, CPU seconds with those of its processes, pieces of work."""

    name: str
    seconds: float = 0.0
    cpu: float = 0.0
    pieces: int = 0


@dataclass
class Summary:
    """What was made, what failed and where; ``lines`` say it to a person. ``left_out``: services without a set, and why."""

    folder: Path
    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0
    peak_mb: float = 0.0
    stages: list[Stage] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 done, 3 some reports failed and the others are there."""
        return 3 if self.failed else 0

    @contextmanager
    def stage(self, name: str, pieces: int = 0) -> Iterator[Stage]:
        """Times what happens inside; the CPU seconds of other processes are added by the caller."""
        stage = Stage(name, pieces=pieces)
        clock, cpu = time.perf_counter(), time.process_time()
        try:
            yield stage
        finally:
            stage.seconds += time.perf_counter() - clock
            stage.cpu += time.process_time() - cpu
            self.stages.append(stage)

    @property
    def timings(self) -> list[str]:
        """The stages as a table: what a slow run was spent on."""
        total = Stage("all", sum(s.seconds for s in self.stages), sum(s.cpu for s in self.stages))
        rows = [
            f"{s.name:<26}{s.pieces or '':>6}{s.seconds:>10.2f}{s.cpu:>10.2f}"
            for s in (*self.stages, total)
        ]
        heading = f"{'stage':<26}{'pieces':>6}{'seconds':>10}{'CPU s':>10}"
        return [heading, *rows, f"most memory in one process: {self.peak_mb:.0f} MB"]


def told(plan: Plan, summary: Summary, durations: Mapping[str, float]) -> list[str]:
    """Five lines: how many reports, what was left out, what failed, how long it took, where they are."""
    asked, there = plan.request, len(summary.made) + len(summary.kept)
    number = there + len(summary.failed)
    longest = max(durations, key=lambda n: durations[n], default="")
    return [
        f"{there} of {number} reports for {asked.as_at} (profile {asked.profile}, k = {asked.k}): "
        f"{len(summary.made)} made, {len(summary.kept)} unchanged.",
        " ".join(plan.said) or "No pathway was left out.",
        f"Failed: {_failed(summary.failed) or 'none'}.",
        f"{summary.seconds:.1f} seconds"
        + (f"; the longest report was {longest}, {durations[longest]:.1f}." if longest else "."),
        f"Open {shown(summary.folder)}/index.html",
    ]


def _failed(failed: Mapping[str, str]) -> str:
    """Each reason once, after the reports that it stopped."""
    by_reason: dict[str, list[str]] = {}
    for name in sorted(failed):
        by_reason.setdefault(failed[name].rstrip("."), []).append(name)
    return "; ".join(f"{', '.join(names)} ({why})" for why, names in by_reason.items())


def shown(folder: Path) -> str:
    """A set's folder as it is told: ``reports/2024-07-31``."""
    return f"{folder.parent.name}/{folder.name}"
