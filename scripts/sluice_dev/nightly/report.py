"""The report of a night: OUT/summary.md for the page of a CI run, OUT/index.html with links, OUT/summary.json for programs, OUT/findings.sarif
for code scanning."""

import html
import json
from pathlib import Path
from typing import Any

from sluice_dev.common import files
from sluice_dev.common.display import say
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.nightly import ledger, trend
from sluice_dev.nightly.history import read_records
from sluice_dev.nightly.ledger import Record
from sluice_dev.nightly.options import Options
from sluice_dev.nightly.state import State
from sluice_dev.triage import sarif, sightings

News = dict[str, list[Record]]  # by state

_MOST_FINDINGS = 50
_WORDS = {"passed": "passed", "failed": "**failed**", "unable": "**could not run**", "warned": "warning", "skipped": "skipped", "waiting": "not run",
          "running": "not finished"}
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .75rem;text-align:left;border-bottom:1px solid #ddd}
.failed,.unable{color:#b00020;font-weight:600}.passed{color:#1b6e2d}pre{background:#f6f6f6;padding:1rem;overflow:auto;font-size:13px}
@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}td,th{border-color:#444}pre{background:#222}a{color:#8ab4f8}
.failed,.unable{color:#ff8a80}.passed{color:#7bd88f}}"""


def campaigns(out: Path) -> list[tuple[str, dict[str, Any]]]:
    """(name, summary) of each part of each campaign that got as far as its summary."""
    found = [(folder.name, files.read_json(folder / "summary.json")) for folder in sorted((out / "campaigns").glob("*")) if folder.is_dir()]
    return [(name, summary) for name, summary in found if summary]


def findings(out: Path) -> list[dict[str, str]]:
    """Each once, whoever found it: identity, target, rule, folder below OUT."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for each in sightings.read_sightings(out):
        rule = each.rule + (" (did not reproduce)" if each.reproduced < each.tries else "")
        found.setdefault((each.identity, each.target, each.after),
                         {"identity": each.identity, "target": each.target, "rule": rule, "folder": str(each.folder.relative_to(out))})
    # Killed while it stored a finding.
    unnamed = [log.parent for log in sorted((out / "campaigns").glob("*/findings/**/log.txt")) if not (log.parent / "finding.json").exists()]
    interrupted = "of a campaign that was interrupted"
    return [*found.values(), *({"identity": folder.name, "target": "", "rule": interrupted, "folder": str(folder.relative_to(out))}
                               for folder in unnamed)]


def _campaign_rows(out: Path) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, summary in campaigns(out):
        executions = sum(target.get("executions", 0) for target in summary.get("targets", []))
        rows.append((name, f"{summary.get('seconds', 0):.0f} s", f"{executions:,}", str(len(summary.get("findings", []))),
                     "found" if summary.get("canary") else "-", f"campaigns/{name}"))
    return rows


def _coverage_lines(out: Path) -> list[str]:
    """Room: percentages, as scripts/coverage wrote them."""
    rooms = (files.read_json(out / "coverage/summary.json") or {}).get("rooms") or {}
    return [f"{room}, {programs}: " + ", ".join(f"{total['reached']:,} of {total['count']:,} {metric}" for metric, total in metrics.items())
            for room, sets in rooms.items() for programs, metrics in sets.items()]


def _log_table(out: Path, name: str) -> str:
    """The table of check-ossfuzz, from its log."""
    try:
        text = (out / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text[text.rindex("environment "):].strip() if "environment " in text else ""


def news(options: Options, state: State) -> News | None:
    """What this night's findings are beside those of the nights before: {state: records}. None if they were not compared."""
    entry = files.read_json(options.history / "nights" / f"{state.night}.json")
    if entry is None:
        return None
    try:
        records = read_records(options.history)
    except CannotRun:
        return None
    found: News = {"new": [], "back": [], "mended": [], "open": []}
    for event in entry["events"]:
        if event["id"] in records:
            found[event["state"]].append(records[event["id"]])
    found["open"] = [records[id_] for id_, state in entry["states"].items() if state == "open" and id_ in records]
    return found


def verdict(options: Options, state: State, trouble: str = "") -> tuple[int, str]:
    """The exit code, and a sentence. `trouble`: why the night ended before its last stage."""
    if trouble:
        return 2, trouble
    statuses = {name: state.stage(name)["status"] for name in options.stages}
    unable = [name for name, status in statuses.items() if status not in ("passed", "failed", "warned")]
    failed = [name for name, status in statuses.items() if status == "failed"]
    warned = [name for name, status in statuses.items() if status == "warned"]
    warning = f" Warnings: {', '.join(warned)}." if warned else ""
    count = len(findings(options.out))
    if unable:
        return 2, f"Could not run: {', '.join(unable)}." + (f" Failed: {', '.join(failed)}." if failed else "") + warning
    if count or failed:
        what = f"{count} finding{'s' if count != 1 else ''}" if count else "No findings"
        if count and (told := news(options, state)) is not None:
            what += f" ({len(told['new'])} new, {len(told['back'])} back)"
        return 1, f"{what}; failed: {', '.join(failed) or 'none'}.{warning}"
    return 0, f"Nothing was found.{warning}"


_TOLD = (("new", "New findings"), ("back", "Findings that are back"), ("mended", "Mended"))


def _rows(state_name: str, record: Record) -> tuple[str, ...]:
    """Of a table of news: identity, target, rule, and what is known of the commit."""
    if state_name == "mended":
        return record["identity"], record["target"], ledger.sentence(record), _commit(record["mended_by"])
    return record["identity"], record["target"], record["rule"], _commit(record["first_bad"])


def _commit(blame: Record | None) -> str:
    """What scripts/bisect found."""
    if blame is None:
        return "not bisected"
    if not blame["commits"]:
        return f"{blame['outcome']} ({blame['good'][:12] or blame['bad'][:12]})"
    return " or ".join(f"{each['commit'][:12]} {each['subject']}" for each in blame["commits"])


_COMMIT_OF = {"new": "first bad commit", "back": "first bad commit", "mended": "mended by"}
_WHY_OF = {"new": "what should have held", "back": "what should have held", "mended": "how sure"}


def _markdown_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _markdown_news(told: News) -> list[str]:
    lines: list[str] = []
    for name, title in _TOLD:
        if records := told[name]:
            lines += ["", f"## {title}", "", f"| identity | target | {_WHY_OF[name]} | {_COMMIT_OF[name]} |", "| --- | --- | --- | --- |"]
            for record in records[:_MOST_FINDINGS]:
                identity, *cells = map(_markdown_cell, _rows(name, record))
                lines.append(f"| `{identity}` | {' | '.join(cells)} |")
            if len(records) > _MOST_FINDINGS:
                lines.append(f"\n... and {len(records) - _MOST_FINDINGS} more in summary.json")
    if told["open"]:
        lines += ["", f"{len(told['open'])} finding{'s are' if len(told['open']) > 1 else ' is'} known from earlier nights and still open; "
                  "summary.json names them."]
    return lines


def markdown(options: Options, state: State, trouble: str = "") -> str:
    _, sentence = verdict(options, state, trouble)
    lines = ["# Sluice, nightly", "", sentence, "", "| stage | result | seconds | |", "| --- | --- | --- | --- |"]
    for name in options.stages:
        record = state.stage(name)
        lines.append(f"| {name} | {_WORDS[record['status']]} | {record['seconds']:.0f} | {record['why']} |")
    found, told = findings(options.out), news(options, state)
    if told is not None:
        lines += _markdown_news(told)
    elif found:
        lines += ["", "## Findings", "", "| identity | target | what should have held | folder |", "| --- | --- | --- | --- |"]
        for each in found[:_MOST_FINDINGS]:
            cells = [_markdown_cell(each[key]) for key in ("identity", "target", "rule", "folder")]
            lines.append(f"| `{cells[0]}` | {cells[1]} | {cells[2]} | `{cells[3]}` |")
        if len(found) > _MOST_FINDINGS:
            lines.append(f"\n... and {len(found) - _MOST_FINDINGS} more in summary.json")
    if rows := _campaign_rows(options.out):
        lines += ["", "## Campaigns", "", "| campaign | fuzzed for | executions | findings | canary |", "| --- | --- | --- | --- | --- |"]
        lines += [f"| {' | '.join(row[:5])} |" for row in rows]
    if replayed := (files.read_json(options.out / "valgrind/summary.json") or {}).get("targets"):
        lines += ["", "Under valgrind: " + ", ".join(f"{name} {each['replayed']} of {each['inputs']} inputs" for name,
                                                     each in replayed.items()) + "."]
    if rooms := _coverage_lines(options.out):
        lines += ["", "## Coverage", "", *(f"- {line}" for line in rooms)]
    if table := _log_table(options.out, "check-ossfuzz"):
        lines += ["", "## The fleet's checks", "", "```", table, "```"]
    return "\n".join(lines) + "\n"


def _link(out: Path, path: str, text: str) -> str:
    return f'<a href="{html.escape(path)}">{html.escape(text)}</a>' if (out / path).exists() else html.escape(text)


def _page_news(out: Path, told: News, found: list[dict[str, str]]) -> list[str]:
    folders = {each["identity"]: each["folder"] for each in reversed(found)}
    parts = []
    for name, title in _TOLD:
        if told[name]:
            parts.append(f"<h2>{title}</h2><table><tr><th>identity<th>target<th>{_WHY_OF[name]}<th>{_COMMIT_OF[name]}")
            for record in told[name]:
                identity, *cells = _rows(name, record)
                folder = folders.get(identity)
                parts.append(f"<tr><td>{_link(out, folder, identity) if folder else html.escape(identity)}"
                             + "".join(f"<td>{html.escape(cell)}" for cell in cells))
            parts.append("</table>")
    if told["open"]:
        parts.append(f"<details><summary>{len(told['open'])} known from earlier nights, still open</summary><table><tr><th>identity<th>target"
                     "<th>what should have held<th>first bad commit")
        for record in told["open"]:
            parts.append("<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in _rows("open", record)))
        parts.append("</table></details>")
    return parts


def page(options: Options, state: State, trouble: str = "") -> str:
    out, (_, sentence) = options.out, verdict(options, state, trouble)
    parts = [f"<h1>Sluice, nightly</h1><p>{html.escape(sentence)}</p><table><tr><th>stage<th>result<th>seconds<th>"]
    for name in options.stages:
        record = state.stage(name)
        parts.append(f"<tr><td>{_link(out, f'logs/{name}.log', name)}<td class={record['status']}>"
                     f"{_WORDS[record['status']].replace('*', '')}<td>{record['seconds']:.0f}<td>{html.escape(record['why'])}")
    parts.append(f"</table><p>{_link(out, 'trend.html', 'All nights')}</p>")
    found, news_told = findings(out), news(options, state)
    if news_told is not None:
        parts += _page_news(out, news_told, found)
    elif found:
        parts.append("<h2>Findings</h2><table><tr><th>identity<th>target<th>what should have held<th>told")
        for each in found:
            told = next((name for name in ("README.md", "report.txt", "log.txt") if (out / each["folder"] / name).exists()), "")
            parts.append(f"<tr><td>{_link(out, each['folder'], each['identity'])}<td>{html.escape(each['target'])}"
                         f"<td>{html.escape(each['rule'])}<td>{_link(out, each['folder'] + '/' + told, told) if told else ''}")
        parts.append("</table>")
    if rows := _campaign_rows(out):
        parts.append("<h2>Campaigns</h2><table><tr><th>campaign<th>fuzzed for<th>executions<th>findings<th>canary")
        for name, *cells, folder in rows:
            where = f"{folder}/index.html" if (out / folder / "index.html").exists() else folder
            parts.append(f"<tr><td>{_link(out, where, name)}" + "".join(f"<td>{html.escape(cell)}" for cell in cells))
        parts.append("</table>")
    if rooms := _coverage_lines(out):
        parts.append(f"<h2>Coverage</h2><p>{_link(out, 'coverage/html/index.html', 'The annotated sources')}</p><ul>"
                     + "".join(f"<li>{html.escape(line)}" for line in rooms) + "</ul>")
    if table := _log_table(out, "check-ossfuzz"):
        parts.append(f"<h2>The fleet's checks</h2><pre>{html.escape(table)}</pre>")
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>Sluice, nightly</title><style>{_STYLE}</style>" + "\n".join(parts) + "</html>\n")


def code_scanning(options: Options) -> str:
    """SARIF of the findings that are open, new or back; of this night's, if they were not compared."""
    try:
        records = [record for record in read_records(options.history).values() if record["state"] != "mended"]
    except CannotRun:
        records = []
    if records:
        found = [sarif.of_record(record,
                                 options.history / "findings" / record["id"] / record["files"] / ("program.ops" if record["program"] else "input"),
                                 ROOT)
                 for record in records]
    else:
        found = [sarif.of_sighting(each, ROOT) for each in sightings.read_sightings(options.out)]
    return sarif.dump(sarif.log(found, ROOT, sightings.read_night(options.out).commit))


def write(options: Options, state: State, trouble: str = "") -> int:
    """Returns the night's exit code. Raises OSError."""
    code, sentence = verdict(options, state, trouble)
    told = news(options, state)
    try:
        trend.write(options.history, ROOT, options.out / "trend.html")
    except CannotRun as problem:  # a record that cannot be read is no reason to have no report
        say(str(problem))
    data = {"exit_code": code, "verdict": sentence, "night": state.night, "stages": {name: state.stage(name) for name in options.stages},
            "findings": findings(options.out),
            "news": told and {name: [record["id"] for record in records] for name, records in told.items()}}
    tell(**data)
    for name, text in (("summary.md", markdown(options, state, trouble)), ("summary.json", json.dumps(data, indent=1) + "\n"),
                       ("findings.sarif", code_scanning(options)), ("index.html", page(options, state, trouble))):
        files.write_whole(options.out / name, text)
    return code
