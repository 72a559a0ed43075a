"""One issue for each finding, through the `gh` client: opened, updated, closed when it is mended, opened again when it is back.

    issues --history DIR [--dry-run] [--repository OWNER/NAME] [--json]

    actions = plan(records, existing, report_of)     # pure
    carry_out(actions, GitHub(), history, say)

Needs nothing but Python and gh: a job of CI runs it that has no other packages.

An issue is recognised by a mark in its body, so that a history that was lost, or a kill between two steps, opens no second one. What a person
does to an issue stays: one that a person has closed is opened again only when its finding was mended and is back.
"""

import argparse
import dataclasses
import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice_dev.common import files
from sluice_dev.common.display import say
from sluice_dev.common.errors import CannotRun
from sluice_dev.nightly.history import History
from sluice_dev.nightly.ledger import Record
from sluice_dev.triage.findings import target_flag

LABEL = "sluice-finding"
_LABEL_WORDS = "Kept up to date by scripts/nightly"
_MARK = re.compile(r"<!-- sluice-finding ([0-9a-f]{12}) -->")
_MOST_ISSUES = 5000
_MOST_CHARACTERS = 60_000  # GitHub takes 65,536
_MOST_IN_TITLE = 200
_MOST_OF_REPORT = 20_000


@dataclass(frozen=True)
class Issue:
    number: int
    is_open: bool


@dataclass(frozen=True)
class Action:
    kind: str  # open, update, close, reopen
    id: str
    number: int | None
    title: str = ""
    body: str = ""
    comment: str = ""


# --- The words ---

def title(record: Record) -> str:
    where = record["operation"] or record["target"]
    text = f"{record['identity']}: {record['rule']} ({where})"
    return text if len(text) <= _MOST_IN_TITLE else text[:_MOST_IN_TITLE - 1] + "…"


def _fenced(text: str) -> str:
    """As code, whatever is in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}\n"


def _blame(blame: dict[str, Any] | None, what: str) -> str:
    if blame is None:
        return ""
    if not blame["commits"]:
        return f"{what}: not found ({blame['outcome']}; tested back to {(blame['bad'] or blame['good'])[:12]}).\n"
    several = " (one of these; the others could not be built)" if len(blame["commits"]) > 1 else ""
    return f"{what}{several}:\n\n" + "".join(f"- {each['commit']} {each['subject']} ({each['author']}, {each['date'][:10]})\n"
                                              for each in blame["commits"])


def command(record: Record) -> str:
    sanitizer = " --sanitizer undefined" if record["build"].get("sanitizer") == "undefined" else ""
    return f"scripts/repro{sanitizer}{target_flag(record['target'])} program.ops"


def body(record: Record, report: str) -> str:
    """`report`: program and both traces, as the finding's report has them."""
    parts = [f"**{record['rule']}**\n"]
    if record["operation"]:
        parts.append(f"The core diverges from the standard in {record['operation']}.\n")
    for name, what in (("expected", "Standard"), ("actual", "Core")):
        if record[name]:
            parts.append(f"{what}: {record[name]}\n")
    if record["program"]:
        parts.append(f"The smallest program that shows it (`program.ops`):\n\n{_fenced(record['program'])}\n"
                     f"See it with that file, at {record['build'].get('commit') or record['first_seen']['commit']}:\n\n{_fenced(command(record))}")
    elif record["target"]:
        night = record["first_seen"]["night"]
        parts.append(f"Found by `{record['target']}`, whose inputs are bytes: `input` in the artifact of the night of {night}.\n")
    if blame := _blame(record["first_bad"], "First bad commit"):
        parts.append(blame)
    if report:
        shortened = report if len(report) <= _MOST_OF_REPORT else report[:_MOST_OF_REPORT] + "\n[...]"
        parts.append(f"<details><summary>What happens</summary>\n\n{_fenced(shortened)}\n</details>\n")
    if record["frames"]:
        parts.append(f"The stack:\n\n{_fenced(chr(10).join(record['frames'][:30]))}")
    if record["also_seen_as"]:
        parts.append("Also seen as " + ", ".join(f"`{name}`" for name in record["also_seen_as"]) + ".\n")
    parts.append(f"First seen in the night of {record['first_seen']['night']}, at {record['first_seen']['commit']}.\n")
    text = "\n".join(parts)
    if len(text) > _MOST_CHARACTERS:
        text = text[:_MOST_CHARACTERS] + "\n[...]\n"
    return f"{text}\n<!-- sluice-finding {record['id']} -->\n"


def _closing(record: Record) -> str:
    change = next(change for change in reversed(record["changes"]) if change["state"] == "mended")
    blame = _blame(record["mended_by"], "Mended by")
    if not blame:
        blame = f"Mended between {record['last_seen']['commit']} and {change['commit']}.\n"
    return f"{blame}\n{change['why'][:1].upper()}{change['why'][1:]}.\n"


def _returning(record: Record) -> str:
    change = next(change for change in reversed(record["changes"]) if change["state"] == "back")
    return f"It is back at {change['commit']}: {change['why']}.\n\n{_blame(record['first_bad'], 'First bad commit')}".rstrip() + "\n"


# --- The plan ---

def digest(record: Record, report: str) -> str:
    return hashlib.sha256((title(record) + body(record, report)).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def plan(records: Iterable[Record], existing: dict[str, Issue], report_of: Callable[[Record], str]) -> list[Action]:
    """What has to be done so that each finding's issue says what its record does. `existing`: by the id in their mark."""
    actions = []
    for record in sorted(records, key=lambda record: str(record["identity"])):
        report, known, id_ = report_of(record), record["issue"], record["id"]
        issue = existing.get(id_) or (Issue(known["number"], known["is_open"]) if known else None)
        if issue is None:
            if record["state"] != "mended":
                actions.append(Action("open", id_, None, title(record), body(record, report)))
            continue
        closed_by_us = known is not None and not known["is_open"]
        if record["state"] == "mended":
            if issue.is_open and not closed_by_us:
                actions.append(Action("close", id_, issue.number, comment=_closing(record)))
            continue
        if known is None or digest(record, report) != known["told"]:
            actions.append(Action("update", id_, issue.number, title(record), body(record, report)))
        if not issue.is_open and (closed_by_us or _is_back(record, known)):
            actions.append(Action("reopen", id_, issue.number, comment=_returning(record)))
    return actions


def _is_back(record: Record, known: dict[str, Any] | None) -> bool:
    """Without a record of the issue, whoever closed it: it is back if it was mended before."""
    return known is None and any(change["state"] == "back" for change in record["changes"])


# --- GitHub ---

class GitHub:
    def __init__(self, repository: str = "", program: str = "gh") -> None:
        """`repository`: OWNER/NAME; without it, that of the current folder or of GH_REPO."""
        self._repository, self._program = repository, program

    def _run(self, *words: str, text: str = "") -> str:
        command = [self._program, *words, *(["--repo", self._repository] if self._repository else [])]
        try:
            run = subprocess.run(command, input=text, text=True, encoding="utf-8", errors="surrogateescape", capture_output=True, check=False,
                                 timeout=120)
        except FileNotFoundError:
            raise CannotRun(f"{self._program}: not installed; it is GitHub's client (https://cli.github.com). --dry-run does without it") from None
        except subprocess.TimeoutExpired:
            raise CannotRun(f"{' '.join(command[:3])}: no answer in two minutes") from None
        if run.returncode != 0:
            raise CannotRun(f"{' '.join(command[:3])}: {run.stderr.strip() or f'exit code {run.returncode}'}")
        return run.stdout

    def existing(self) -> dict[str, Issue]:
        """Of two issues with one mark, the older one is it."""
        text = self._run("issue", "list", "--label", LABEL, "--state", "all", "--limit", str(_MOST_ISSUES), "--json", "number,state,body")
        found: dict[str, Issue] = {}
        for each in sorted(json.loads(text), key=lambda issue: int(issue["number"])):
            if match := _MARK.search(each["body"]):
                found.setdefault(match[1], Issue(each["number"], each["state"] == "OPEN"))
        return found

    def prepare(self) -> None:
        self._run("label", "create", LABEL, "--description", _LABEL_WORDS, "--force")

    def do(self, action: Action) -> int:
        """Returns the issue's number."""
        number = str(action.number)
        if action.kind == "open":
            url = self._run("issue", "create", "--title", action.title, "--label", LABEL, "--body-file", "-", text=action.body).strip()
            if not (match := re.search(r"/issues/(\d+)$", url)):
                raise CannotRun(f"gh issue create: printed {url!r}, and not the address of an issue")
            return int(match[1])
        if action.kind == "update":
            self._run("issue", "edit", number, "--title", action.title, "--body-file", "-", text=action.body)
        elif action.kind == "close":
            self._run("issue", "close", number, "--reason", "completed", "--comment", action.comment)
        elif action.kind == "reopen":
            self._run("issue", "reopen", number, "--comment", action.comment)
        assert action.number is not None
        return action.number


def report_of(history: History, record: Record) -> str:
    for name in ("report.txt", "stack.txt"):
        try:
            return (history.files_of(record) / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return ""


def _issue_after(action: Action, record: Record, report: str, number: int) -> dict[str, Any]:
    """What the record keeps of its issue once `action` is done."""
    known = record["issue"] or {"is_open": True, "told": ""}
    told = known["told"] if action.kind in ("close", "reopen") else digest(record, report)
    is_open = {"open": True, "close": False, "reopen": True}.get(action.kind, known["is_open"])  # an update leaves it as it is
    return {"number": number, "is_open": is_open, "told": told}


def carry_out(actions: list[Action], github: GitHub, history: History, say: Callable[[str], None]) -> None:
    """Each step is in the record as soon as it is done."""
    if actions:
        github.prepare()
    for action in actions:
        number = github.do(action)
        record = history.records()[action.id]
        history.save(record | {"issue": _issue_after(action, record, report_of(history, record), number)})
        say(f"{action.kind} #{number}: {record['identity']}")


# --- Without GitHub ---

DRY_RUN = "dry-run.json"


def dry_run(history: History) -> list[Action]:
    """What would be done, if what earlier dry runs printed had been done. A file of the history keeps that; records stay as they are."""
    path = history.folder / DRY_RUN
    stored = files.read_json(path)
    pretended: dict[str, Any] = stored if isinstance(stored, dict) else {}
    # An issue that exists counts, whatever was pretended before.
    records = {id_: record | {"issue": record["issue"] or pretended.get(id_)} for id_, record in history.records().items()}
    actions = plan(records.values(), {}, lambda record: report_of(history, record))
    for action in actions:
        record = records[action.id]
        number = action.number or 1 + max((issue["number"] for issue in pretended.values()), default=0)
        record["issue"] = pretended[action.id] = _issue_after(action, record, report_of(history, record), number)
    if actions:
        files.write_json(path, pretended)
    return actions


def describe(actions: list[Action]) -> str:
    """What would be done, in Markdown."""
    if not actions:
        return "No issue has to change.\n"
    parts = []
    for action in actions:
        where = f"issue #{action.number}" if action.number else "an issue"
        title = f": {action.title}" if action.title else ""
        parts.append(f"## {action.kind} {where} for {action.id}{title}\n\n{action.body or action.comment}")
    return "\n".join(parts)


def update(folder: Path, github: GitHub, *, is_dry: bool, say: Callable[[str], None]) -> list[Action]:
    """A dry run needs no gh: it knows the issues that the records know, and those of earlier dry runs."""
    with History(folder) as history:
        if is_dry:
            return dry_run(history)
        actions = plan(history.records().values(), github.existing(), lambda record: report_of(history, record))
        carry_out(actions, github, history, say)
    return actions


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="issues", allow_abbrev=False)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--repository", default="")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    def report(text: str) -> None:
        if not options.json:  # which standard output is for alone
            say(text)
    actions = update(options.history.resolve(), GitHub(options.repository), is_dry=options.dry_run, say=report)
    if options.json:
        print(json.dumps([dataclasses.asdict(action) for action in actions], indent=1))
    elif options.dry_run:
        print(describe(actions), end="")
    return 0
