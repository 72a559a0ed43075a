"""One page over all nights: figures, findings, and the commits between. It needs no other file and no network.

    write(history, root, path)      # False without jinja2
"""

import datetime
from pathlib import Path
from typing import Any

from sluice_dev.campaign.page_chart import Series, compact, line_chart
from sluice_dev.common import files
from sluice_dev.common.errors import CannotRun
from sluice_dev.nightly.history import read_nights, read_records
from sluice_dev.triage.bisection import Repository

try:
    import jinja2
except ImportError:  # not Debian, and not installed: no page, and that is said
    jinja2 = None  # type: ignore[assignment]

_DAY = 86400
_MOST_COMMITS = 200  # named between two nights; the others are counted
_STYLES = ("a", "b", "c", "d", "e", "f")
STATES = ("new", "back", "open", "mended")


def _shown(name: str) -> str:
    """2026-11-30 01:17; a name that is no time stays as it is."""
    day, separator, time = name[:16].partition("T")
    return f"{day} {time.replace('-', ':')}" if separator else name


def _moment(night: dict[str, Any], position: int) -> float:
    """Seconds; nights whose name is no time are a day apart."""
    try:
        return datetime.datetime.strptime(night["night"], "%Y-%m-%dT%H-%M-%S.%fZ").timestamp()
    except ValueError:
        return position * _DAY


def commits_between(repository: Repository, older: str, newer: str) -> tuple[list[tuple[str, str]], int] | None:
    """(commit, subject), the newest first, and how many there are. None if git does not know."""
    try:
        lines = repository.git("log", "--format=%h%x00%s", f"--max-count={_MOST_COMMITS}", "--end-of-options", f"{older}..{newer}").splitlines()
        count = int(repository.git("rev-list", "--count", "--end-of-options", f"{older}..{newer}"))
    except (CannotRun, ValueError):
        return None
    return [(line.split("\0", 1)[0], line.split("\0", 1)[1]) for line in lines if "\0" in line], count


def rows(folder: Path, root: Path) -> list[dict[str, Any]]:
    """Of each night, the oldest first."""
    records, repository = read_records(folder), Repository(root)
    found: list[dict[str, Any]] = []
    for position, night in enumerate(read_nights(folder)):
        states = list(night["states"].values())
        before = found[-1]["commit"] if found else ""
        found.append({
            "night": night["night"], "shown": _shown(night["night"]), "commit": night["commit"], "moment": _moment(night, position),
            "measured": night["measured"], "counts": {state: states.count(state) for state in STATES},
            "events": [{"state": event["state"], "identity": records[event["id"]]["identity"] if event["id"] in records else event["id"],
                        "why": event["why"]} for event in night["events"]],
            "between": commits_between(repository, before, night["commit"]) if before and before != night["commit"] else ([], 0) if before else None,
        })
    return found


def _charts(nights: list[dict[str, Any]]) -> list[tuple[str, list[str], str]]:
    """(title, legend, SVG) of each figure that any night has."""
    start = nights[0]["moment"]
    span = nights[-1]["moment"] - start

    def series(name: str, style: str, value: Any) -> Series:
        points = [(night["moment"] - start, y) for night in nights if (y := value(night)) is not None]
        return Series(name, style, points)

    def measured(key: str) -> Any:
        return lambda night: night["measured"].get(key)

    def part(key: str, index: int) -> Any:
        return lambda night: night["measured"][key][index] if key in night["measured"] else None

    rooms = sorted({room for night in nights for room in night["measured"].get("lines", {})})[:len(_STYLES)]

    def covered(room: str) -> Any:
        def value(night: dict[str, Any]) -> float | None:
            reached, count = night["measured"].get("lines", {}).get(room, (0, 0))
            return round(100 * reached / count, 1) if count else None
        return value

    wanted = [
        ("Executions in a night", [series("executions", "a", measured("executions"))]),
        ("Cost of an execution (the empty target is 1)", [series("cost", "b", measured("cost"))]),
        ("Corpus entries", [series("corpus", "c", measured("corpus"))]),
        ("Lines covered, per cent", [series(room, style, covered(room)) for room, style in zip(rooms, _STYLES)]),
        ("States and transitions reached", [series("states", "a", part("states", 0)), series("transitions", "b", part("transitions", 0))]),
        ("Mutants killed", [series("killed", "c", part("mutants", 0)), series("all", "a", part("mutants", 1))]),
        ("Edges explored until a mutant is killed", [series("half of them", "a", part("edges_to_kill", 0)),
                                                     series("nine in ten", "b", part("edges_to_kill", 1))]),
        ("Findings that are not mended", [series("findings", "b", lambda night: sum(night["counts"][state] for state in STATES[:3]))]),
    ]
    return [(title, [each.name for each in lines if each.points], line_chart(title, lines, x_max=span)) for title, lines in wanted
            if any(each.points for each in lines)]


def page(folder: Path, root: Path) -> str:
    nights = rows(folder, root)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    environment.filters |= {"compact": compact, "number": lambda value: f"{value:,}"}
    return environment.get_template("trend.html.j2").render(
        nights=list(reversed(nights)), charts=_charts(nights) if nights else [], styles=_STYLES, states=STATES,
        records=sorted(read_records(folder).values(), key=lambda record: (STATES.index(record["state"]), record["identity"])))


def write(folder: Path, root: Path, path: Path) -> bool:
    if jinja2 is None:
        return False
    files.write_whole(path, page(folder, root))
    return True
