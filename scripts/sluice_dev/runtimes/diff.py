"""The work of scripts/diff: other implementations, and where each parts from the standard."""

import argparse
import os
import shlex
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from sluice_dev.common import builds
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.result import tell
from sluice_dev.runtimes import findings as findings_of
from sluice_dev.runtimes import history
from sluice_dev.runtimes import host
from sluice_dev.runtimes import page
from sluice_dev.runtimes import table
from sluice_dev.runtimes import upstream
from sluice_dev.runtimes.classes import STANDARD, Class, ClassTable
from sluice_dev.runtimes.programs import MODELS, Programs, expected
from sluice_dev.runtimes.survey import Case, Result, Survey
from sluice_dev.runtimes.traces import aligned

PROGRESS_SECONDS = 10
BROWSERS = ("chromium", "chromium-driver", "firefox-esr", "webkit2gtk-driver", "xvfb", "xauth")  # Debian's packages


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="scripts/diff", add_help=False, allow_abbrev=False)
    made.add_argument("--runtime", action="append", default=[])
    made.add_argument("--command")
    made.add_argument("--library", type=Path)
    made.add_argument("--sluice", type=Path, help=argparse.SUPPRESS)  # built by others, for tests
    made.add_argument("--sluice-fuzz", type=Path, help=argparse.SUPPRESS)
    made.add_argument("--for-sluice", action="store_true")
    made.add_argument("--count", type=int, default=2000)
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--profile", choices=("all", "balanced", "reentrancy", "buffer_limit"), default="all")
    made.add_argument("--show", type=int, default=3)
    made.add_argument("--shrink", type=int, default=40)
    made.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    made.add_argument("--install-browsers", action="store_true")
    made.add_argument("--record", action="store_true")
    made.add_argument("--known-ok", action="store_true")
    made.add_argument("--still", action="store_true")
    made.add_argument("--history")
    made.add_argument("--since", default="")
    made.add_argument("--upstream")
    made.add_argument("--class", dest="class_id")
    made.add_argument("--page", type=Path)
    made.add_argument("files", nargs="*")
    return made


def checked(arguments: list[str]) -> argparse.Namespace:
    made = parser()
    options = made.parse_args(arguments)
    if options.count < 1 or options.seed < 0 or options.show < 0 or options.shrink < 0 or options.jobs < 1:
        made.error("--count and --jobs must be at least 1; --seed, --show and --shrink at least 0")
    for name in options.files:
        if name != "corpus" and not os.access(name, os.R_OK):
            raise CannotRun(f"{name}: no such file, or it cannot be read")
    if options.for_sluice and (options.runtime != ["sluice"] or options.command):
        made.error("--for-sluice is for --runtime sluice alone: no other runtime makes such streams")
    if options.library and not options.command:
        made.error("--library is the WritableStream of the runtime that --command starts")
    if options.library and not options.library.is_file():
        raise CannotRun(f"--library {options.library}: no such file")
    if options.record and (options.command or options.files):
        made.error("--record keeps what was found of the runtimes in the table, by random programs")
    named = [name for name in (options.history, options.upstream) if name and name != upstream.STANDARD_NAME]
    for name in [*options.runtime, *named]:
        table.find(name)
    return options


def build(options: argparse.Namespace) -> None:
    """What is not given, after the flags have been checked."""
    if options.sluice_fuzz is None:
        builds.prepare(*(BROWSERS if options.install_browsers else ()))
        shell = any(runtime.program == str(table.SLUICE) for runtime in chosen_runtimes(options, as_built=False))
        builds.build("asan", "sluice-fuzz", *(["sluice"] if shell and not (options.history or options.upstream) else []))
        builds.export_sanitizer_options()
    options.sluice = options.sluice or ROOT / "build/asan/sluice"
    options.sluice_fuzz = options.sluice_fuzz or ROOT / "build/asan/sluice-fuzz"


def chosen_runtimes(options: argparse.Namespace, as_built: bool = True) -> list[table.Runtime]:
    chosen = [table.find(name) for name in options.runtime] or ([] if options.command else list(table.ALL))
    if options.command:
        program, *arguments = shlex.split(options.command)
        library = None
        if options.library:
            library = table.Library("", "", str(options.library.resolve()), table.OWN)
        chosen.append(table.Runtime(options.command, options.command, program=program, arguments=tuple(arguments), library=library))
    return [replace(runtime, program=str(options.sluice)) if as_built and runtime.program == str(table.SLUICE) else runtime
            for runtime in chosen]


class Progress:
    """A line every ten seconds, from whatever thread."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        with self._lock:
            if time.monotonic() - self._last >= PROGRESS_SECONDS:
                self._last = time.monotonic()
                print(f"  [{text}]", flush=True)


def shrinking_progress(name: str) -> Callable[[int, int], None]:
    progress = Progress()
    return lambda left, whole: progress.say(f"{name}: {left} of {whole} still shrinking")


def survey_all(chosen: list[table.Runtime], programs: Programs, jobs: int) -> dict[str, Result | CannotRun]:
    """Chunks of all runtimes side by side; what was run before is not run again."""
    stop = threading.Event()
    surveys = {runtime.name: Survey(runtime, programs, runtime.version(), stop.is_set) for runtime in chosen}
    failed: dict[str, CannotRun] = {}
    work = [(name, number) for name, survey in surveys.items() for number in survey.missing_chunks()]
    work.sort(key=lambda one: one[1])
    progress = Progress()

    def run_one(name: str, number: int) -> None:
        if name not in failed and not stop.is_set():
            try:
                surveys[name].run_chunk(number)
            except CannotRun as failure:
                failed[name] = failure

    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(run_one, *one) for one in work]
        try:
            for done, future in enumerate(as_completed(waiting), 1):
                future.result()
                progress.say(f"{done} of {len(work)} parts run")
        except BaseException:
            stop.set()
            host.kill_all()
            for future in waiting:
                future.cancel()
            raise
    return {name: failed.get(name) or survey.result() for name, survey in surveys.items()}


def indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.rstrip("\n").splitlines())


def print_case(case: Case, model: str) -> None:
    print(indent(case.example["text"], 9))
    if case.failure:
        print(f"\n      {case.failure}")
        return
    print(f"\n      {'expected':56} | found")
    for mark, left, right in side_by_side(expected(case.example, model), case.lines):
        print(f"    {mark} {left:56} | {right}" if mark == "!" else f"    {mark} {left}")


def side_by_side(one: list[str], other: list[str]) -> list[tuple[str, str, str]]:
    """Lines of both traces; those around differences only."""
    rows = [("!" if left != right else " ", left, right) for left, right in aligned(one, other)]
    near = {at for number, row in enumerate(rows) if row[0] == "!" for at in range(number - 4, number + 3)}
    return [row for number, row in enumerate(rows) if number in near]


def print_class(number: int, one: Class, model: str) -> None:
    print(f"\n  {number}. {one.id}: {one.hits} programs. {one.title}")
    if one.judged:
        print(f"     {one.verdict}: {one.reason}")
        print(f"     Decided by {one.step}, {STANDARD}#{one.anchor}")
    else:
        print("     Not judged yet: read the standard, then add it to tests/runtimes/classes.json")
    print()
    print_case(one.cases[0], model)


def report(found: findings_of.Findings, show: int) -> bool:
    result = found.result
    print(f"\n{result.runtime.name}: {result.runtime.title} {found.version}, tick model {result.model}: "
          f"{result.agree} of {result.programs} programs agree to the microtask")
    lacking = [word for word, there in (("reports of unhandled rejections", result.offers.unhandled), ("controller.signal", result.offers.signal),
                                        ("structuredClone", result.offers.detach)) if not there]
    if lacking:
        print(f"  It lacks {', '.join(lacking)}: what shows them is not compared, and programs that need them are left out")
    if list(result.by_model.values()).count(result.by_model[result.model]) > 1:
        print("  These programs do not distinguish all tick models")
    print(f"  {len(result.outcome)} differ in outcome, {len(result.order)} in the order of events only, {len(result.failed)} ended it")
    unjudged = [one for one in found.classes if not one.judged]
    if found.classes:
        print(f"  {len(found.classes)} classes" + (f", of which {len(unjudged)} are new" if unjudged else "")
              + (f"; {found.not_shrunk} programs differ in other ways, which were not shrunk (--shrink)" if found.not_shrunk else ""))
    for number, one in enumerate(found.classes[:show], 1):
        print_class(number, one, result.model)
    for number, one in enumerate(found.classes[show:], show + 1):
        print(f"\n  {number}. {one.id}: {one.hits} programs. {one.title} (--show)")
    if found.order and show:
        print("\n  In order only, for example:\n")
        print_case(found.order[0], result.model)
    return result.agree == result.programs


def compare(options: argparse.Namespace) -> int:
    known = ClassTable.load()
    chosen = chosen_runtimes(options)
    missing = table.install(chosen)
    for name, why in missing.items():
        if options.runtime:
            raise CannotRun(f"{name}: not available here ({why})\n--command runs one of your own")
        print(f"{name}: not available here ({why})", flush=True)
    chosen = [runtime for runtime in chosen if runtime.name not in missing]
    files = []
    for name in options.files:
        files += sorted(map(str, (ROOT / "corpus").rglob("*.ops"))) if name == "corpus" else [name]
    programs = Programs(options.sluice_fuzz, options.seed, options.count, options.profile, files, options.for_sluice)
    if options.files and not programs.chunk(0):
        raise CannotRun("none of these programs can be expressed in JavaScript")
    agree = []
    broken = []
    for name, result in survey_all(chosen, programs, options.jobs).items():
        if isinstance(result, CannotRun):
            print(f"\n{name}: runs no program: {result}", flush=True)
            broken.append(name)
            continue
        try:
            found = findings_of.find(result, known, options.sluice_fuzz, options.shrink, progress=shrinking_progress(name))
        except CannotRun as failure:
            print(f"\n{name}: {result.agree} of {result.programs} programs agree to the microtask; then it ran no more: {failure}", flush=True)
            broken.append(name)
            continue
        same = report(found, options.show)
        tell(**{name: findings_of.data_of(found)})
        agree.append(same or (options.known_ok and all(one.judged for one in found.classes)))
        if options.record:
            print(f"\n  Written: {findings_of.save(found).relative_to(ROOT)}")
    if options.page:
        print(f"\nWritten: {page.write(options.page)}")
    if broken and not agree:
        return 2
    return 0 if all(agree) and not broken else 1


def still(options: argparse.Namespace) -> int:
    """Runs every known class's program on the runtimes: what was recorded, and what is so now."""
    known = ClassTable.load()
    chosen = chosen_runtimes(options)
    missing = table.install(chosen)
    recorded = {(data["runtime"], data["version"]): data for data in findings_of.load_all()}
    changed = False
    for runtime in chosen:
        if runtime.name in missing:
            if options.runtime:
                raise CannotRun(f"{runtime.name}: not available here ({missing[runtime.name]})")
            print(f"{runtime.name}: not available here ({missing[runtime.name].splitlines()[0]})")
            continue
        version = runtime.version()
        data = recorded.get((runtime.name, version))
        others = [one for one in recorded.values() if one["runtime"] == runtime.name]
        basis = data or (others[-1] if others else None)
        try:
            now = findings_of.check_classes(host.Session(runtime), options.sluice_fuzz, known, basis["model"] if basis else MODELS[0])
        except CannotRun as failure:
            print(f"{runtime.name} {version}: runs no program: {failure}")
            changed = True
            continue
        differing = {name for name, case in now.items() if findings_of.how(known.find(name), case) == "differs"}
        before = {name for name, one in basis["checked"].items() if one["how"] == "differs"} if basis else set()
        print(f"{runtime.name} {version}: {', '.join(sorted(differing)) or 'no class reproduces'}")
        if basis is None:
            print("  Nothing is recorded of it: scripts/diff --record")
            continue
        if differing != before:
            changed = True
            of = "" if data else f" (recorded of {basis['version']})"
            print(f"  Gone{of}: {', '.join(sorted(before - differing)) or 'none'}; new: {', '.join(sorted(differing - before)) or 'none'}")
    return 1 if changed else 0


def run_history(options: argparse.Namespace) -> int:
    known = ClassTable.load()
    one = history.History(options.history, known, options.sluice_fuzz, options.since)
    one.run()
    print()
    for each in known.classes:
        for span in one.spans(each):
            print(f"{each.id}: {span.text()}")
    return 0


def run_upstream(options: argparse.Namespace) -> int:
    print(upstream.text(options.upstream, options.class_id, options.sluice_fuzz), end="")
    return 0


def main(arguments: list[str]) -> int:
    options = checked(arguments)
    build(options)
    os.environ["NO_COLOR"] = "1"
    if options.history:
        return run_history(options)
    if options.upstream:
        return run_upstream(options)
    if options.still:
        return still(options)
    if options.page and not (options.runtime or options.command or options.files or options.record):
        print(f"Written: {page.write(options.page)}")
        return 0
    return compare(options)
