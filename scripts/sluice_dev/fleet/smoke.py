"""The work of scripts/smoke: the targets that a change is compiled into, and a short campaign on them."""

import os
import subprocess
from pathlib import Path

from sluice_dev.common import builds
from sluice_dev.common.arguments import Parser, whole_number
from sluice_dev.common.display import say
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.common.provenance import GIT
from sluice_dev.common.result import tell
from sluice_dev.fleet import on_base
from sluice_dev.fleet.affected import affected

_BUILD = ROOT / "build/libfuzzer-asan"
_VERDICTS = {0: "Nothing was found.", 1: "**Findings.**"}


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/smoke")
    parser.add_argument("--base")
    parser.add_argument("--time", default="600")
    parser.add_argument("--out", default=str(ROOT / "build/smoke"))
    parser.add_argument("--archive")
    options = parser.parse(arguments)
    if options.words:
        parser.error(f"unknown argument {options.words[0]}")
    seconds = whole_number(parser, "--time", options.time, " of seconds")
    out = Path(os.path.realpath(options.out))
    base = parting(options.base)
    changed = changed_files(base)
    builds.prepare()
    builds.build("libfuzzer-asan")
    try:
        targets = affected(_BUILD, changed)
    except subprocess.CalledProcessError as error:
        raise CannotRun(f"the targets that the change affects cannot be found: {error}") from error
    out.mkdir(parents=True, exist_ok=True)
    if not targets:
        return _write(out, "The change is compiled into no fuzz target: nothing to fuzz.\n", 0)
    say(f"{len(changed)} files changed; affected: {' '.join(targets)}")
    if options.archive and os.path.isfile(options.archive) and _script("corpus", "restore", options.archive, "--corpus", out / "corpus") != 0:
        say(f"begins without {options.archive}")
    flags = [word for target in targets for word in ("--target", target)]
    code = _script("fuzz", *flags, "--time", seconds, "--out", out / "campaign", "--corpus", out / "corpus")
    compared = ""
    verdict = _VERDICTS.get(code, f"**Could not run** (exit code {code}).")
    if code == 1:
        # Only what the base does not have is this change's.
        try:
            rows = on_base.compare(out / "campaign", base, ROOT, ROOT / "build/bisect")
            compared = on_base.markdown(rows, base)
            if all(row["on_base"] for row in rows):
                code, verdict = 0, "Nothing that the base does not have, too."
        except (OSError, CannotRun) as problem:
            say(f"The base could not be compared, so all findings count: {problem}")
    tell(base=base, targets=targets, verdict=verdict)
    return _write(out, summary(verdict, seconds, targets, compared), code)


def parting(base: str | None) -> str:
    """The commit where this branch and `base` parted: what `base` has got since is not this change's."""
    if base is None:
        parted = _git("merge-base", "HEAD", "main")
        if parted is None:
            raise CannotRun("there is no branch main here; name the commit with --base")
    else:
        if _git("rev-parse", "--quiet", "--verify", f"{base}^{{commit}}") is None:
            raise CannotRun(f"--base {base}: no such commit (a shallow clone has only the newest)")
        parted = _git("merge-base", "HEAD", base)
        if parted is None:
            raise CannotRun(f"--base {base}: it has no commit in common with this one")
    return parted


def changed_files(base: str) -> list[str]:
    """Since that commit. Uncommitted changes count."""
    listed = [_git("diff", "--name-only", "--no-renames", "-z", base), _git("ls-files", "--others", "--exclude-standard", "-z")]
    return [name for names in listed for name in (names or "").split("\0") if name]


def summary(verdict: str, seconds: int, targets: list[str], compared: str) -> str:
    """Markdown. `compared`: the findings, by whether the base has them."""
    lines = ["# Smoke", "", verdict, "", f"Fuzzed for {seconds} s, because the change is compiled into them: {', '.join(targets)}."]
    return "\n".join([*lines, *(["", compared] if compared else [])]) + "\n"


def _write(out: Path, text: str, code: int) -> int:
    (out / "summary.md").write_text(text, encoding="utf-8")
    say(text.rstrip())
    return code


def _git(*words: str) -> str | None:
    run = subprocess.run([*GIT, *words], cwd=ROOT, stdin=subprocess.DEVNULL, check=False, capture_output=True)
    return os.fsdecode(run.stdout).strip() if run.returncode == 0 else None


def _script(name: str, *words: object) -> int:
    return subprocess.run([ROOT / "scripts" / name, *map(str, words)], check=False).returncode
