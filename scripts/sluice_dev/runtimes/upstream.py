"""The text of the issue that a maintainer would want, for a class in a runtime. Nothing is sent: people do that.

    upstream.text("node20", "write-while-closing", sluice_fuzz)
    upstream.text("standard", ...)        # for the standard itself, where it is what is wrong
"""

from pathlib import Path

from sluice_dev.common.errors import CannotRun
from sluice_dev.runtimes import findings as findings_of
from sluice_dev.runtimes import history
from sluice_dev.runtimes import scripts
from sluice_dev.runtimes import table
from sluice_dev.runtimes.classes import STANDARD, Class, ClassTable

STANDARD_NAME = "standard"


def versions(runtime: str, one: Class) -> list[str]:
    """What is known of releases, a line each: from histories first, then from what was recorded."""
    lines = []
    known = table.find(runtime)
    package = known.versioned_package[0]
    kept = history.kept(package + ("+" + "+".join(known.flags) if known.flags else ""))
    if kept:
        lines += [span.text() for span in history.spans_of(history.results_of(kept, one))]
    for data in findings_of.load_all():
        if data["runtime"] == runtime and one.id in data["checked"]:
            lines.append(f"{data['version']}: {'bad' if data['checked'][one.id]['how'] == 'differs' else 'good'}")
    return lines


def classes_of(runtime: str, known: ClassTable) -> list[Class]:
    recorded = [data for data in findings_of.load_all() if data["runtime"] == runtime]
    if not recorded:
        raise CannotRun(f"nothing is recorded of {runtime}; scripts/diff --runtime {runtime} --record does that")
    differing = {name for data in recorded for name, one in data["checked"].items() if one["how"] == "differs"}
    return [one for one in known.classes if one.id in differing]


def text(runtime_name: str, class_id: str | None, sluice_fuzz: Path) -> str:
    known = ClassTable.load()
    if runtime_name == STANDARD_NAME:
        wrong = [known.find(class_id)] if class_id else [one for one in known.classes if one.verdict == "standard wrong"]
        return "\n---\n\n".join(standard_issue(one, sluice_fuzz) for one in wrong)
    chosen = [known.find(class_id)] if class_id else classes_of(runtime_name, known)
    if not chosen:
        return f"No class is known in {runtime_name}.\n"
    return "\n---\n\n".join(issue(table.find(runtime_name), one, sluice_fuzz) for one in chosen)


def issue(runtime: table.Runtime, one: Class, sluice_fuzz: Path) -> str:
    recorded = next((data for data in findings_of.load_all() if data["runtime"] == runtime.name), None)
    script = scripts.shortest(runtime, one.program, recorded["model"] if recorded else "webidl", sluice_fuzz)
    shown = scripts.in_worker(script.text) if runtime.kind == "workerd" else script.text
    seen = versions(runtime.name, one) or [f"{runtime.version()}"]
    printed = [line for line in script.output.splitlines() if line.strip()]
    # A runtime that throws out of a method does not come to its last line: then all of its output is the result.
    output = "\n".join([line for line in printed if line.startswith(("expected:", "actual:"))] or printed[:20])
    config = f"\n`config.capnp`:\n\n```capnp\n{scripts.workerd_config(runtime)}```\n" if runtime.kind == "workerd" else ""
    words = [Path(runtime.program).name, *runtime.arguments, "repro.mjs"]
    if runtime.kind == "workerd":
        words = ["workerd test", *(["--experimental"] if runtime.flags else []), "config.capnp"]
    how = " ".join(words)
    verdict = "" if one.verdict == "runtime wrong" else f"\nOur verdict is \"{one.verdict}\": the standard should be clearer here.\n"
    reported = f"\nSee also: {', '.join(one.reported)}\n" if one.reported else ""
    return f"""# WritableStream: {one.title}

**Versions.** {runtime.title}:
{chr(10).join(f"- {line}" for line in seen)}

**How to reproduce.** Save as `repro.mjs`, run `{how}`; it prints what is expected and what happened, and ends with exit code 1.

```js
{shown}```
{config}
**Expected.** {one.reason}
Decided by {one.step}: {STANDARD}#{one.anchor}

**Actual.**

```
{output or "(the runtime is not installed here)"}
```

**Why it matters.** {one.matters}
{verdict}{reported}
web-streams-polyfill and the standard's own steps agree on the expected result. Found by running random programs of stream operations on
both and comparing what happens; this is the smallest program that shows it.
"""


def standard_issue(one: Class, sluice_fuzz: Path) -> str:
    script = scripts.emit(sluice_fuzz, one.program, "--format", "js", "--log", "calls,results")
    test = scripts.emit(sluice_fuzz, one.program, "--format", "wpt", "--log", "calls,results", "--title", one.title)
    return f"""# {one.title}

**Where.** {one.step}: {STANDARD}#{one.anchor}

{one.reason}

```js
{script}```

**Why it matters.** {one.matters}

A test in the suite's style:

```js
{test}```
{("See also: " + ", ".join(one.reported)) if one.reported else ""}
"""
