"""What a campaign prints for people: a live table on a terminal, plain lines elsewhere, and its findings at the end."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

from sluice_dev.common.display import number, say, seconds_text, shown
from sluice_dev.triage.findings import Finding, target_flag

try:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    _HAS_RICH = True
except ImportError:  # not Debian, and not installed: plain lines do
    _HAS_RICH = False

_LINES_OF_PROGRAM = 15
_COLUMNS = ("target", "engine", "executions", "exec/s", "cov", "ft", "corpus", "findings")


@dataclasses.dataclass(frozen=True)
class Row:
    """An engine run at one moment."""

    name: str
    engine: str
    executions: int
    rate: int
    cov: int  # edges
    ft: int | None  # libFuzzer only
    corpus: int
    findings: int  # that it was the first to find
    seconds_left: float
    status: str


class Status(Protocol):
    """The output while a campaign runs."""

    interval: float  # seconds between two updates

    def start(self) -> None: ...

    def update(self, rows: Sequence[Row], passed: float, whole: float, note: str) -> None: ...

    def stop(self) -> None: ...


def _cells(row: Row, corpus: str) -> tuple[str, ...]:
    """In the order of _COLUMNS. AFL++ has no features."""
    return (row.name, row.engine, number(row.executions), number(row.rate), str(row.cov), "-" if row.ft is None else str(row.ft),
            corpus, str(row.findings))


class PlainStatus:
    """A line for each target every ten seconds."""

    interval = 10.0

    def start(self) -> None:
        pass

    def update(self, rows: Sequence[Row], passed: float, whole: float, note: str) -> None:
        say(f"[{seconds_text(passed)} of {seconds_text(whole)}]{' ' + note if note else ''}")
        width = max(len(row.name) for row in rows)
        for row in rows:
            features = "" if row.ft is None else f"ft {row.ft}, "
            say(f"  {row.name:{width}}  {row.engine}: {number(row.executions)} executions, {number(row.rate)}/s, cov {row.cov}, "
                f"{features}corpus {row.corpus}, findings {row.findings}, {row.status}")

    def stop(self) -> None:
        pass


class LiveStatus:
    """A table that is drawn anew four times a second."""

    interval = 0.25

    def __init__(self, console: "Console") -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def start(self) -> None:
        self._live.start()

    def update(self, rows: Sequence[Row], passed: float, whole: float, note: str) -> None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for i, column in enumerate((*_COLUMNS, "left", "status")):
            table.add_column(column, justify="left" if i in (0, 1, len(_COLUMNS) + 1) else "right", no_wrap=True)
        for row in rows:
            style = {"fuzzing": "", "waiting": "dim"}.get(row.status, "green" if row.status.startswith("found") else "red")
            *cells, findings = _cells(row, str(row.corpus))
            table.add_row(*cells, f"[red]{findings}[/red]" if row.findings else findings, seconds_text(row.seconds_left), row.status,
                          style=style)
        bar = Table.grid(padding=(0, 1))
        bar.add_row(ProgressBar(total=whole, completed=min(passed, whole), width=40),
                    f"{seconds_text(passed)} of {seconds_text(whole)}", note)
        self._live.update(Group(table, "", bar), refresh=True)

    def stop(self) -> None:
        self._live.stop()


def new_status() -> Status:
    if _HAS_RICH:
        console = Console()
        if console.is_terminal and not console.is_dumb_terminal and sys.stdout.isatty():
            return LiveStatus(console)
    return PlainStatus()


def print_table(rows: Sequence[Row], corpus_growth: Mapping[str, tuple[int, int]]) -> None:
    lines: list[tuple[str, ...]] = [_COLUMNS]
    for row in rows:
        grown = corpus_growth.get(row.name)
        corpus = number(row.corpus) if grown is None else f"{number(grown[0])} (+{number(grown[1])})"
        lines.append(_cells(row, corpus))
    widths = [max(len(line[i]) for line in lines) for i in range(len(_COLUMNS))]
    for line in lines:
        say("  ".join(f"{cell:{'<' if i < 2 else '>'}{widths[i]}}" for i, cell in enumerate(line)))


def print_finding(position: int, finding: Finding, repro: str) -> None:
    say(f"\n{position}. {finding.identity}")
    say(f"   {finding.rule}")
    say(f"   Found by {finding.target}{finding.by_engine} after {seconds_text(finding.after_seconds)}.")
    say(f"   It {finding.how_often()}.")
    if finding.diverges:
        say(f"   {finding.diverges}")
    if finding.also_seen_as:
        say(f"   Also seen as {', '.join(finding.also_seen_as)}")
    lines = finding.program.splitlines()
    if lines and lines[0] == f"# {finding.identity}":
        del lines[0]
    if 0 < len(lines) < _LINES_OF_PROGRAM:
        say()
        for line in lines:
            say("       " + line)
        say()
    elif lines:
        say(f"   The program has {len(lines)} lines, see {shown(finding.file_for_repro)}")
    say(f"   Folder:    {shown(finding.folder)}")
    say(f"   Reproduce: {repro}{target_flag(finding.target)} {shown(finding.file_for_repro)}")
