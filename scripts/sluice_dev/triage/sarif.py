"""Findings as SARIF 2.1.0, for code scanning: each at the file and line of src/ where the core diverges.

    data = sarif.log([sarif.of_sighting(each, root) for each in sightings], root)

`partialFingerprints` is the finding's identity, which stays the same while lines move. Paths are relative to %SRCROOT%, the checkout.
"""

import functools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice_dev.common import files
from sluice_dev.triage import sightings
from sluice_dev.triage.sightings import Sighting

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
STANDARD = "https://streams.spec.whatwg.org/"
_HOME = "https://streams.spec.whatwg.org/#ws"
_FRAME = re.compile(r"^(\S+) ((?:src|fuzz)/\S+?)(?::(\d+))?$")
_ANCHOR = re.compile(re.escape(STANDARD) + r"#([\w-]+)")
_NAMES = re.compile(r"(?:(\w+)\.)?(\w+)")


@dataclass(frozen=True)
class Finding:
    key: str  # what makes it one finding
    identity: str  # ORACLE/RULE@OPERATION, or the sanitizer's kind and functions
    rule: str
    anchor: str
    operation: str
    expected: str
    actual: str
    target: str
    frames: tuple[str, ...]
    program: str  # the path of its program or input


def of_sighting(sighting: Sighting, root: Path) -> Finding:
    program = sighting.folder / ("program.ops" if sighting.program else "input")
    return Finding(sighting.identity, sighting.identity, sighting.rule, sighting.anchor, sighting.operation, sighting.expected, sighting.actual,
                   sighting.target, sighting.frames, _relative(program, root))


def of_record(record: dict[str, Any], program: Path, root: Path) -> Finding:
    """Of the history of nights."""
    return Finding(record["id"], record["identity"], record["rule"], record["anchor"], record["operation"], record["expected"], record["actual"],
                   record["target"], tuple(record["frames"]), _relative(program, root))


def _relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name


def write_campaign(out: Path, root: Path) -> None:
    """OUT/findings.sarif, of all findings of a campaign."""
    found = sightings.of_campaign(out)
    commit = next((str(each.build["commit"]) for each in found if each.build.get("commit")), "")
    files.write_whole(out / "findings.sarif", dump(log([of_sighting(each, root) for each in found], root, commit)))


@functools.cache
def operations(root: Path) -> dict[str, str]:
    """The standard's anchor of each operation, by its name in lower case: `writablestreamabort`, `writer.close`, `close`."""
    found: dict[str, str] = {}
    for line in (root / "tests/spec/operations.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or line.count(" | ") < 2:
            continue
        anchor, _, name = line.split(" | ")[:3]
        owner, _, method = name.rpartition(": ")
        if owner:
            found.setdefault(f"{_OWNERS.get(owner, owner)}.{method}".lower(), anchor)
        found.setdefault(method.lower(), anchor)
    return found


_OWNERS = {"WritableStream": "stream", "WritableStreamDefaultWriter": "writer", "WritableStreamDefaultController": "controller"}


@functools.cache
def places(root: Path) -> dict[str, tuple[str, int]]:
    """Where src/core has the function of each anchor: it stands above the function. Path and line."""
    found: dict[str, tuple[str, int]] = {}
    for path in sorted((root / "src/core").glob("*.cc")):
        anchor = ""
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if line.startswith("//"):
                match = _ANCHOR.search(line)
                anchor = match[1] if match else anchor
            elif anchor and line[:1].isalpha():
                found.setdefault(anchor, (str(path.relative_to(root)), number))
                anchor = ""
    return found


def _operation_anchor(finding: Finding, root: Path) -> str:
    """Of the diverging operation, or else of the step that broke. Empty if neither is one of the standard's."""
    known = operations(root)
    for words in (finding.operation, finding.identity.rpartition("@")[2] if "@" in finding.identity else ""):
        # "WritableStreamAbort", "writer.releaseLock", "w0.write()", "the reaction to ...": the last name is the operation.
        for owner, name in reversed(_NAMES.findall(words.lower())):
            owner = "writer" if re.fullmatch(r"w\d+", owner) else owner
            if anchor := known.get(f"{owner}.{name}") or known.get(name):
                return anchor
    return ""


def location(finding: Finding, root: Path) -> tuple[str, int]:
    """The innermost frame in src/ of a crash; the diverging operation's definition otherwise; the target's file if neither is known."""
    frames = [match for frame in finding.frames if (match := _FRAME.match(frame))]
    for match in [*(frame for frame in frames if frame[2].startswith("src/")), *frames]:
        if (root / match[2]).is_file():
            return match[2], max(1, int(match[3] or 1))
    if place := places(root).get(_operation_anchor(finding, root)):
        return place
    target = f"fuzz/targets/{finding.target}.cc"
    return (target if (root / target).is_file() else "src/core/writable_stream.cc"), 1


def _rule_id(finding: Finding) -> str:
    """ORACLE/RULE, without where it broke."""
    return finding.identity.split("@", 1)[0].split("<", 1)[0]


def help_uri(finding: Finding, root: Path) -> str:
    if finding.anchor and finding.anchor != "byte-limit":
        return STANDARD + "#" + finding.anchor
    of_place = next((anchor for anchor, place in places(root).items() if place == _last_before(location(finding, root), root)), "")
    return STANDARD + "#" + (_operation_anchor(finding, root) or of_place or "ws")


def _last_before(place: tuple[str, int], root: Path) -> tuple[str, int] | None:
    """The function of the standard that a line of a crash is in."""
    before = [line for path, line in places(root).values() if path == place[0] and line <= place[1]]
    return (place[0], max(before)) if before else None


def _message(finding: Finding) -> str:
    parts = [finding.rule.rstrip(".") + "."]
    if finding.operation:
        parts.append(f"The core diverges from the standard in {finding.operation}.")
    if finding.expected:
        parts.append(f"Standard: {finding.expected}.")
    if finding.actual:
        parts.append(f"Core: {finding.actual}.")
    parts.append(f"Reproduce: scripts/repro {finding.program}")
    return " ".join(parts)


def log(findings: Iterable[Finding], root: Path, commit: str = "") -> dict[str, Any]:
    """One run. Its rules are those that are broken."""
    chosen = sorted(findings, key=lambda finding: finding.key)
    rules: dict[str, dict[str, Any]] = {}
    results = []
    for finding in chosen:
        id_ = _rule_id(finding)
        if id_ not in rules:
            rules[id_] = {"id": id_, "name": _name(id_), "shortDescription": {"text": finding.rule.rstrip(".") + "."},
                          "fullDescription": {"text": finding.rule.rstrip(".") + "."}, "helpUri": help_uri(finding, root),
                          "help": {"text": f"The section of the standard: {help_uri(finding, root)}"},
                          "defaultConfiguration": {"level": "error"}, "properties": {"tags": ["correctness", "fuzzing"]}}
        path, line = location(finding, root)
        result: dict[str, Any] = {
            "ruleId": id_, "ruleIndex": list(rules).index(id_), "level": "error", "kind": "fail", "message": {"text": _message(finding)},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": path, "uriBaseId": "%SRCROOT%"}, "region": _region(path, line, root)}}],
            "partialFingerprints": {"sluiceFinding/v1": finding.key},
            "properties": {"identity": finding.identity, "target": finding.target},
        }
        if finding.operation:
            result["locations"][0]["logicalLocations"] = [{"name": finding.operation, "kind": "function"}]
        if stack := [match for frame in finding.frames if (match := _FRAME.match(frame))]:
            result["stacks"] = [{"message": {"text": "The stack of the sanitizer"}, "frames": [{"location": {
                "physicalLocation": {"artifactLocation": {"uri": match[2], "uriBaseId": "%SRCROOT%"},
                                     "region": {"startLine": max(1, int(match[3] or 1))}},
                "logicalLocations": [{"fullyQualifiedName": match[1]}]}} for match in stack]}]
        results.append(result)
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "Sluice", "semanticVersion": version(root), "informationUri": _HOME, "rules": list(rules.values())}},
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The checkout of Sluice"}}},
        "columnKind": "utf16CodeUnits", "results": results,
    }
    if re.fullmatch(r"[0-9a-f]{40}", commit):
        run["properties"] = {"commit": commit}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _region(path: str, line: int, root: Path) -> dict[str, Any]:
    lines = (root / path).read_text(encoding="utf-8", errors="replace").splitlines()
    return {"startLine": line, **({"snippet": {"text": lines[line - 1]}} if line <= len(lines) else {})}


def version(root: Path) -> str:
    """Of the project, as CMakeLists.txt has it."""
    match = re.search(r"^project\(sluice VERSION ([\d.]+)", (root / "CMakeLists.txt").read_text(encoding="utf-8"), re.MULTILINE)
    return match[1] if match else "0.0.0"


def _name(rule_id: str) -> str:
    """In the style that code scanning shows: words that begin with a capital."""
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", rule_id)) or "Finding"


def dump(data: dict[str, Any]) -> str:
    # A lone surrogate (a name that is no UTF-8) has no place in JSON that others read.
    return json.dumps(data, indent=1, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"
