"""The output of a campaign for people: a live table on a terminal, plain lines elsewhere, and the summary."""

import os
import shlex
import sys

from sluice_dev.triage.findings import target_flag

try:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
except ImportError:  # not Debian, and not installed: plain lines do
    Console = None

_LINES_OF_PROGRAM = 15
_COLUMNS = ("target", "engine", "executions", "exec/s", "cov", "ft", "corpus", "findings")


def say(text: str = "") -> None:
    """To standard output; if nobody reads it any more, the campaign still ends in order."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")


def shown(path: str | os.PathLike[str]) -> str:
    """The path as one would type it here."""
    relative = os.path.relpath(path)
    return shlex.quote(str(path) if relative.startswith("..") else relative)


def number(value: int) -> str:
    return f"{value:,}"


def seconds_text(seconds: float) -> str:
    if 0 < seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    seconds = max(0, round(seconds))
    if seconds < 100:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds % 60:02} s"


def _cells(row, corpus):
    """As _COLUMNS says. AFL++ has no features."""
    return (row.name, row.engine, number(row.executions), number(row.rate), str(row.cov), "-" if row.ft is None else str(row.ft),
            corpus, str(row.findings))


class PlainStatus:
    """A line for each target every ten seconds."""

    interval = 10

    def start(self):
        pass

    def update(self, rows, passed, whole, note):
        say(f"[{seconds_text(passed)} of {seconds_text(whole)}]{' ' + note if note else ''}")
        width = max(len(row.name) for row in rows)
        for row in rows:
            features = "" if row.ft is None else f"ft {row.ft}, "
            say(f"  {row.name:{width}}  {row.engine}: {number(row.executions)} executions, {number(row.rate)}/s, cov {row.cov}, "
                f"{features}corpus {row.corpus}, findings {row.findings}, {row.status}")

    def stop(self):
        pass


class LiveStatus:
    """A table that is drawn anew four times a second."""

    interval = 0.25

    def __init__(self, console):
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def start(self):
        self._live.start()

    def update(self, rows, passed, whole, note):
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

    def stop(self):
        self._live.stop()


def new_status():
    if Console is not None:
        console = Console()
        if console.is_terminal and not console.is_dumb_terminal and sys.stdout.isatty():
            return LiveStatus(console)
    return PlainStatus()


def print_table(rows, corpus_growth):
    lines = [_COLUMNS]
    for row in rows:
        grown = corpus_growth.get(row.name)
        corpus = number(row.corpus) if grown is None else f"{number(grown[0])} (+{number(grown[1])})"
        lines.append(_cells(row, corpus))
    widths = [max(len(line[i]) for line in lines) for i in range(len(_COLUMNS))]
    for line in lines:
        say("  ".join(f"{cell:{'<' if i < 2 else '>'}{widths[i]}}" for i, cell in enumerate(line)))


def print_finding(position, finding, repro):
    say(f"\n{position}. {finding.identity}")
    say(f"   {finding.rule}")
    say(f"   Found by {finding.target}{finding.by_engine} after {seconds_text(finding.after_seconds)}.")
    say(f"   It {finding.how_often()}.")
    if finding.diverges_at:
        say(f"   The core diverges from the standard at {finding.diverges_at}: {finding.diverges_by}.")
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
