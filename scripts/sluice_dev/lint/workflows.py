"""The rules for workflows besides actionlint's: actions are pinned, and a workflow may do no more than it must."""

import re

_USES = re.compile(r"^\s*(?:-\s+)?uses:\s*(\S+)(.*)$")
_PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
_VERSION = re.compile(r"^\s*#\s*v\d+(?:\.\d+){0,2}\s*$")
# In ${{ }} inside a script these are code that anyone can write who opens an issue or a pull request.
_UNTRUSTED = re.compile(r"\$\{\{[^}]*(github\.event\.|github\.head_ref|inputs\.)[^}]*\}\}")


def _block(lines: list[str], key: str) -> list[str]:
    """The lines below a key of the whole workflow."""
    begin = next((number for number, line in enumerate(lines, 1) if line.split("#")[0].rstrip() == key), len(lines))
    end = next((number for number, line in enumerate(lines[begin:], begin) if re.match(r"[^\s#]", line)), len(lines))
    return lines[begin:end]


def problems_of(text: str) -> list[tuple[int, str]]:
    """(line, message)"""
    found = []
    lines = text.splitlines()
    versions: dict[str, tuple[str, str]] = {}
    script_indent = None
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip())
        if script_indent is not None and line.strip() and indent <= script_indent:
            script_indent = None
        if re.match(r"^\s*(?:-\s+)?run:", line):
            script_indent = line.index("run:")
        if script_indent is not None and _UNTRUSTED.search(line):
            found.append((number, "what others write is put into a script as code; hand it over in env"))
        if match := _USES.match(line):
            action, rest = match.groups()
            if not action.startswith("./") and not _PINNED.match(action):
                found.append((number, f"{action}: pin it to a full commit"))
            elif not action.startswith("./") and not _VERSION.match(rest):
                found.append((number, f"{action}: add its version after it, # v1.2.3"))
            repository = "/".join(action.split("/")[:2]).split("@")[0]
            pin = (action.rpartition("@")[2], rest.strip())
            if versions.setdefault(repository, pin) != pin:
                found.append((number, f"{repository}: pinned to another commit or version above"))
    top = [line.split(":")[0] for line in lines if re.match(r"^[a-z]", line)]
    for key in ("permissions", "concurrency"):
        if key not in top:
            found.append((1, f"no {key} for the whole workflow"))
    granted = [line.split("#")[0].rstrip() for line in _block(lines, "permissions:")]
    if re.search(r"^\s*permissions:\s*write-all", text, re.M) or any(line.endswith(": write") for line in granted):
        found.append((1, "write permissions belong to the one job that needs them"))
    jobs = text.partition("\njobs:")[2]
    names = re.findall(r"^  ([\w-]+):\s*$", jobs, re.M)
    if len(names) != len(re.findall(r"^    timeout-minutes: \d+", jobs, re.M)):
        found.append((1, "a job has no timeout-minutes; the default is six hours"))
    return found

