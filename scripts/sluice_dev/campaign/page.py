"""OUT/index.html: the page of a campaign, which needs no other file and no network. `scripts/report OUT` rebuilds it.

Made only from these files, each of which may be missing while the campaign runs:
    campaign.json         its options; begun() writes it
    samples.jsonl         its figures over time (samples.py)
    speed.json            {engine: executions a second of empty_fuzzer in the same build}
    state-coverage.json   the output of `sluice-fuzz state-coverage`
    summary.json          its result
    findings/             one folder for each finding
"""

import datetime
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sluice_dev.campaign import finding_page
from sluice_dev.campaign import page_chart
from sluice_dev.campaign import page_diagram
from sluice_dev.campaign.page_chart import Series, compact
from sluice_dev.common import builds
from sluice_dev.common.arguments import Parser
from sluice_dev.common.display import shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.triage.findings import target_flag

try:
    import jinja2
except ImportError:  # not Debian, and not installed: no page, and a message
    jinja2 = None  # type: ignore[assignment]

MISSING = "no index.html: the Python package jinja2 is missing (Debian: python3-jinja2)"
ENGINES = {"libfuzzer": "libFuzzer", "afl": "AFL++"}
_STYLES = {"libfuzzer": "a", "afl": "b"}
SANITIZERS = {"address": "AddressSanitizer", "undefined": "UndefinedBehaviorSanitizer"}
REFRESH_SECONDS = 10
_LONGEST_TEXT = 200_000  # characters of one file of a finding


def begun(out: str | Path, options: Mapping[str, object]) -> None:
    """A campaign begins: what an earlier one left in the same folder is not its."""
    for name in ("summary.json", "speed.json", "state-coverage.json", "index.html"):
        (Path(out) / name).unlink(missing_ok=True)
    data = {"begun": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "pid": os.getpid(), **options}
    _write(Path(out) / "campaign.json", json.dumps(data, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    """Whole or not at all: somebody may be reading."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8", errors="surrogateescape")
    os.replace(temporary, path)


def _json(path: Path, default: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return default


def _samples(path: Path) -> list[dict[str, Any]]:
    """Its lines; the last one may be unfinished."""
    lines: list[dict[str, Any]] = []
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return lines
    for line in text.split("\n"):
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


# ---- Findings

def _text(folder: Path, *names: str) -> str:
    for name in names:
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + f"\n[… the rest is in {folder.name}/{name}]\n"
    return ""


def _findings(out: Path, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of every folder below findings/ that has an input, in the order in which they were found."""
    known = {finding["folder"]: finding for finding in summary.get("findings", [])}
    found = []
    for folder in sorted({path.parent for name in ("finding.json", "input", "report.txt") for path in (out / "findings").rglob(name)}):
        place = folder.relative_to(out).as_posix()
        if "/also/" in place:  # the same fault, seen in another way
            continue
        data = known.get(place, {}) | _json(folder / "finding.json", {})
        program = _text(folder, "program.ops")
        target = data.get("target") or folder.parent.name
        sanitizer = " --sanitizer undefined" if summary.get("sanitizer") == "undefined" else ""
        found.append({
            "identity": data.get("identity") or folder.name, "rule": data.get("rule") or data.get("sentence") or "",
            "target": target, "engine": ENGINES.get(data.get("engine"), data.get("engine")),
            "after": data.get("after_seconds"), "reproduces": data.get("reproduces"), "how_often": data.get("how_often"),
            "also": data.get("also_seen_as") or [], "trouble": data.get("trouble"),
            "folder": place, "page": f"{place}/{finding_page.NAME}" if (folder / finding_page.NAME).is_file() else "", "program": program,
            "lines": len(program.splitlines()),
            "report": _text(folder, "report.txt"), "stack": _text(folder, "stack.txt"),
            "repro": f"scripts/repro{sanitizer}{target_flag(target)} {shown(folder / ('program.ops' if program else 'input'))}",
        })
    return sorted(found, key=lambda finding: (finding["after"] is None, finding["after"] or 0))


def _in_checkout(path: str) -> str:
    relative = os.path.relpath(path, ROOT)
    return path if relative.startswith("..") else relative


# ---- Over time

def _coverage(engine: Mapping[str, int]) -> int:
    return engine.get("cov", engine.get("edges", 0))


def _targets(samples: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], speed: Mapping[str, float],
             findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each target: its numbers and its three charts."""
    if not samples:
        return []
    seconds = samples[-1]["seconds"]
    rows = []
    for name, last in samples[-1]["targets"].items():
        of = [(sample["seconds"], sample["targets"][name]) for sample in samples if name in sample["targets"]]
        ended: Mapping[str, Any] = next((t for t in summary.get("targets", []) if t["name"] == name), {})
        engines = []
        for engine, data in last["engines"].items():
            # Only while it runs, and each process by itself: the rate is what it does then.
            rates = sorted(e["rate"] / e["running"] for e in (t["engines"][engine] for _, t in of) if e["running"] and e["rate"])
            # Slices that were shorter than the time between two samples: the campaign's own figure.
            rate = round(rates[len(rates) // 2]) if rates else ended.get("engines", {}).get(engine, {}).get("rate")
            empty = speed.get(engine)
            engines.append({"name": ENGINES.get(engine, engine), "style": _STYLES.get(engine, "a"), "executions": data["executions"],
                            "rate": rate, "coverage": _coverage(data), "features": data.get("ft"), "corpus": data["corpus"],
                            "cost": empty / rate if empty and rate else None})

        def series(value: Callable[[Mapping[str, int]], int]) -> list[Series]:
            return [Series(ENGINES.get(e, e), _STYLES.get(e, "a"), [(x, value(t["engines"][e])) for x, t in of])
                    for e in last["engines"]]

        grown = [Series("shared corpus", "c", [(x, t["corpus"]) for x, t in of])] if last["corpus"] else []
        rows.append({
            "name": name, "engines": engines, "findings": sum(f["target"] == name for f in findings), "corpus": last["corpus"],
            "new": ended.get("new_corpus_entries"), "canary": name == "canary_fuzzer",
            "charts": [
                page_chart.line_chart(f"Executions of {name}", series(lambda e: e["executions"]), x_max=seconds),
                page_chart.line_chart(f"Edges covered by {name}", series(_coverage), x_max=seconds),
                page_chart.line_chart(f"Corpus entries of {name}", grown or series(lambda e: e["corpus"]), x_max=seconds),
            ]})
    return rows


# ---- The whole

def _is_running(begun_with: Mapping[str, Any]) -> bool:
    try:
        os.kill(begun_with["pid"], 0)
    except (KeyError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _outcome(begun_with: Mapping[str, Any], summary: Mapping[str, Any], findings: Sequence[object]) -> tuple[str, str]:
    """The first line of the page: (kind, words)."""
    if not summary and not _is_running(begun_with):
        return "failed", f"It was killed, or the machine was; {_count(findings, 'finding')} until then"
    if not summary:
        return "running", f"Running; {_count(findings, 'finding')} so far"
    if summary.get("failure"):
        return "failed", summary["failure"]
    if findings:
        return "found", _count(findings, "finding")
    return "passed", "Nothing was found" + (", and it was ended early" if summary.get("interrupted") else "")


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _duration(seconds: float) -> str:
    seconds = round(seconds)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds % 60:02} s" if minutes else f"{seconds} s"


def _state_coverage(out: Path) -> dict[str, Any] | None:
    coverage: dict[str, Any] | None = _json(out / "state-coverage.json", None)
    if not coverage:
        return None
    for counted in (*coverage["transitions"], *coverage["impossible"]):
        if "example" in counted:
            counted["example"] = _in_checkout(counted["example"])
    causes = list(dict.fromkeys(pair["cause"] for pair in coverage["begun"] if pair["state"] != "none"))
    counts = {(pair["state"], pair["cause"]): pair["count"] for pair in coverage["begun"]}
    names = {state["id"]: state for state in coverage["states"]}
    return coverage | {
        "svg": page_diagram.diagram(coverage), "causes": causes, "names": names,
        "matrix": [(state, [counts.get((state["id"], cause)) for cause in causes]) for state in coverage["states"]],
        "states_reached": sum(state["count"] > 0 for state in coverage["states"]),
        "transitions_reached": sum(t["count"] > 0 for t in coverage["transitions"]),
        "never": [t for t in coverage["transitions"] if t["count"] == 0],
        "pairs_never": sum(counts[pair] == 0 for pair in counts),
    }


def page(out: str | Path) -> str:
    """The page's HTML."""
    out = Path(out)
    begun_with, summary = _json(out / "campaign.json", {}), _json(out / "summary.json", {})
    samples, speed = _samples(out / "samples.jsonl"), _json(out / "speed.json", {})
    findings = _findings(out, summary)
    targets = _targets(samples, summary, speed, findings)
    kind, words = _outcome(begun_with, summary, findings)
    engines = begun_with.get("engines") or summary.get("engines") or []
    seconds = summary.get("seconds") or (samples[-1]["seconds"] if samples else 0)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True,
                                     lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"compact": compact, "duration": _duration, "number": lambda value: f"{value:,}",
                            "cost": lambda value: f"{value:.1f}" if value < 10 else f"{value:,.0f}"}
    return environment.get_template("page.html.j2").render(
        kind=kind, words=words, told=begun_with, summary=summary, findings=findings, targets=targets, coverage=_state_coverage(out),
        engines=[ENGINES.get(engine, engine) for engine in engines],
        sanitizer=SANITIZERS.get(begun_with.get("sanitizer") or summary.get("sanitizer"), "no sanitizer"),
        seconds=seconds, wanted=begun_with.get("seconds_wanted") or summary.get("seconds_wanted"), refresh=REFRESH_SECONDS,
        speed={ENGINES.get(engine, engine): rate for engine, rate in speed.items()},
        executions=sum(engine["executions"] for target in targets for engine in target["engines"]))


def write(out: str | Path) -> bool:
    """Writes OUT/index.html. False if there is no jinja2."""
    if jinja2 is None:
        return False
    _write(Path(out) / "index.html", page(out))
    return True


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/report")
    words = parser.parse(arguments).words
    if len(words) != 1:
        parser.error("name one folder of a campaign")
    out = Path(words[0])
    if not out.is_dir():
        raise CannotRun(f"{shown(out)}: no such folder")
    if (out / "finding.json").is_file():
        builds.prepare()
        builds.build("libfuzzer-asan", "sluice-fuzz")
        if jinja2 is None:
            raise CannotRun(MISSING)
        if not finding_page.write(out, ROOT / "build/libfuzzer-asan/sluice-fuzz"):
            raise CannotRun(f"{shown(out)}: this finding has no program that can be stepped through")
        tell(page=out / finding_page.NAME)
        print(shown(out / finding_page.NAME))
        return 0
    if not (out / "samples.jsonl").is_file() and not (out / "summary.json").is_file():
        raise CannotRun(f"{shown(out)}: is no folder of a campaign (it has no samples.jsonl and no summary.json)")
    if not write(out):
        raise CannotRun(MISSING)
    tell(page=out / "index.html")
    print(shown(out / "index.html"))
    return 0
