"""The report of a night: OUT/summary.md for the page of a CI run, OUT/index.html with links, OUT/summary.json for programs."""

import html
import json
import os
from pathlib import Path

_MOST_FINDINGS = 50
_WORDS = {"passed": "passed", "failed": "**failed**", "unable": "**could not run**", "warned": "warning", "skipped": "skipped", "waiting": "not run",
          "running": "not finished"}
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .75rem;text-align:left;border-bottom:1px solid #ddd}
.failed,.unable{color:#b00020;font-weight:600}.passed{color:#1b6e2d}pre{background:#f6f6f6;padding:1rem;overflow:auto;font-size:13px}
@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}td,th{border-color:#444}pre{background:#222}a{color:#8ab4f8}
.failed,.unable{color:#ff8a80}.passed{color:#7bd88f}}"""


def _read(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def campaigns(out: Path) -> list:
    """(name, summary) of each part of each campaign that got as far as its summary."""
    found = [(folder.name, _read(folder / "summary.json")) for folder in sorted((out / "campaigns").glob("*")) if folder.is_dir()]
    return [(name, summary) for name, summary in found if summary]


def findings(out: Path) -> list:
    """Each once, whoever found it: identity, target, rule, folder below OUT. An interrupted campaign has no summary, but folders."""
    found = {}

    def add(identity, target, rule, folder, place=""):
        found.setdefault((identity, target, place), {"identity": identity, "target": target, "rule": rule, "folder": folder})

    for name, summary in campaigns(out):
        for each in summary.get("findings", []):
            rule = each.get("rule", "") + ("" if each.get("reproduces", True) is not False else " (did not reproduce)")
            add(each["identity"], each.get("target", ""), rule, f"campaigns/{name}/{each['folder']}", each.get("place", ""))
    finished = {name for name, _ in campaigns(out)}
    for folder in sorted((out / "campaigns").glob("*/findings")):
        if folder.parent.name not in finished:
            for log in sorted(folder.rglob("log.txt")):
                told = _read(log.parent / "finding.json") or {}
                add(told.get("identity", str(log.parent.relative_to(folder))), told.get("target", ""),
                    told.get("rule", "of a campaign that was interrupted"), str(log.parent.relative_to(out)), told.get("place", ""))
    for each in (_read(out / "valgrind/summary.json") or {}).get("findings", []):
        add(each["identity"], each["target"], each["rule"], f"valgrind/{each['folder']}")
    return list(found.values())


def _campaign_rows(out: Path) -> list:
    rows = []
    for name, summary in campaigns(out):
        executions = sum(target.get("executions", 0) for target in summary.get("targets", []))
        rows.append((name, f"{summary.get('seconds', 0):.0f} s", f"{executions:,}", str(len(summary.get("findings", []))),
                     "found" if summary.get("canary") else "-", f"campaigns/{name}"))
    return rows


def _coverage_lines(out: Path) -> list:
    """Room: percentages, as scripts/coverage wrote them."""
    rooms = (_read(out / "coverage/summary.json") or {}).get("rooms") or {}
    return [f"{room}, {programs}: " + ", ".join(f"{total['reached']:,} of {total['count']:,} {metric}" for metric, total in metrics.items())
            for room, sets in rooms.items() for programs, metrics in sets.items()]


def _log_table(out: Path, name: str) -> str:
    """The table of check-ossfuzz, from its log."""
    try:
        text = (out / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text[text.rindex("environment "):].strip() if "environment " in text else ""


def verdict(options, state) -> tuple:
    """The exit code, and a sentence."""
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
        return 1, f"{what}; failed: {', '.join(failed) or 'none'}.{warning}"
    return 0, f"Nothing was found.{warning}"


def markdown(options, state) -> str:
    _, sentence = verdict(options, state)
    lines = ["# Sluice, nightly", "", sentence, "", "| stage | result | seconds | |", "| --- | --- | --- | --- |"]
    for name in options.stages:
        record = state.stage(name)
        lines.append(f"| {name} | {_WORDS[record['status']]} | {record['seconds']:.0f} | {record['why']} |")
    found = findings(options.out)
    if found:
        lines += ["", "## Findings", "", "| identity | target | what should have held | folder |", "| --- | --- | --- | --- |"]
        for each in found[:_MOST_FINDINGS]:
            cells = [each[key].replace("|", "\\|") for key in ("identity", "target", "rule", "folder")]
            lines.append(f"| `{cells[0]}` | {cells[1]} | {cells[2]} | `{cells[3]}` |")
        if len(found) > _MOST_FINDINGS:
            lines.append(f"\n... and {len(found) - _MOST_FINDINGS} more in summary.json")
    if rows := _campaign_rows(options.out):
        lines += ["", "## Campaigns", "", "| campaign | fuzzed for | executions | findings | canary |", "| --- | --- | --- | --- | --- |"]
        lines += [f"| {' | '.join(row[:5])} |" for row in rows]
    if replayed := (_read(options.out / "valgrind/summary.json") or {}).get("targets"):
        lines += ["", "Under valgrind: " + ", ".join(f"{name} {each['replayed']} of {each['inputs']} inputs" for name, each in replayed.items()) + "."]
    if rooms := _coverage_lines(options.out):
        lines += ["", "## Coverage", "", *(f"- {line}" for line in rooms)]
    if table := _log_table(options.out, "check-ossfuzz"):
        lines += ["", "## The fleet's checks", "", "```", table, "```"]
    return "\n".join(lines) + "\n"


def _link(out: Path, path: str, text: str) -> str:
    return f'<a href="{html.escape(path)}">{html.escape(text)}</a>' if (out / path).exists() else html.escape(text)


def page(options, state) -> str:
    out, (_, sentence) = options.out, verdict(options, state)
    parts = [f"<h1>Sluice, nightly</h1><p>{html.escape(sentence)}</p><table><tr><th>stage<th>result<th>seconds<th>"]
    for name in options.stages:
        record = state.stage(name)
        parts.append(f"<tr><td>{_link(out, f'logs/{name}.log', name)}<td class={record['status']}>"
                     f"{_WORDS[record['status']].replace('*', '')}<td>{record['seconds']:.0f}<td>{html.escape(record['why'])}")
    parts.append("</table>")
    if found := findings(out):
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


def write(options, state) -> int:
    """Returns the night's exit code. Raises OSError."""
    code, sentence = verdict(options, state)
    data = {"exit_code": code, "verdict": sentence, "stages": {name: state.stage(name) for name in options.stages},
            "findings": findings(options.out)}
    for name, text in (("summary.json", json.dumps(data, indent=1) + "\n"), ("summary.md", markdown(options, state)),
                       ("index.html", page(options, state))):
        partial = options.out / f"{name}.{os.getpid()}"
        partial.write_text(text, encoding="utf-8", errors="surrogateescape")
        partial.replace(options.out / name)
    return code
