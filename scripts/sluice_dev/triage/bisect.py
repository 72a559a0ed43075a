"""scripts/bisect: the commit that began a finding, or the one that ended it.

Each commit is checked out in one worktree of its own (--work), and only the finding's target is built there, always in the same folder: ninja
compiles what differs from the commit before, and ccache what was compiled for an earlier one.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from sluice_dev.campaign import finding_page
from sluice_dev.common import files
from sluice_dev.common.arguments import Parser, whole_number
from sluice_dev.common.builds import prepare, say
from sluice_dev.common.display import shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.locks import sole_user
from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import descendants
from sluice_dev.triage import replay
from sluice_dev.triage.bisection import CLEAN, SHOWS, UNTESTABLE, Bisection, Repository, Result
from sluice_dev.triage.repro import file_of
from sluice_dev.triage.sightings import BEGAN, MENDED, event_of

LEAST_TRIES, MOST_TRIES = 3, 100
_MOST_SHOWN = 20  # commits, to a person
_SKIP = 125  # of --command, as for `git bisect run`
_LAST_CODE = 127
_BUILD = 'source scripts/lib/setup.sh; build "$@"'
_GRACE_SECONDS = 10


@dataclass
class Question:
    """What is to be known of each commit."""
    identity: str
    target: str = ""
    preset: str = ""
    files: list[Path] = field(default_factory=list)  # the last is the input; the others run before it
    tries: int = LEAST_TRIES
    event: int | None = None  # at which the input, if it is one program, breaks its rule
    command: str = ""  # asked instead of building and running the target

    @property
    def key(self) -> str:
        """Verdicts are kept by what was asked: another input is another question."""
        digest = hashlib.sha256(json.dumps([self.identity, self.target, self.preset, self.event, self.command]).encode("utf-8", "surrogateescape"))
        for path in self.files:
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


class Verdicts(MutableMapping[str, str]):
    """In a file that is whole at any time."""

    def __init__(self, path: Path, known: dict[str, str]) -> None:
        self._path = path
        stored = files.read_json(path)
        self._verdicts: dict[str, str] = (stored if isinstance(stored, dict) else {}) | known

    def __getitem__(self, commit: str) -> str:
        return self._verdicts[commit]

    def __setitem__(self, commit: str, verdict: str) -> None:
        self._verdicts[commit] = verdict
        files.write_json(self._path, self._verdicts)

    def __delitem__(self, commit: str) -> None:
        del self._verdicts[commit]

    def __iter__(self) -> Iterator[str]:
        return iter(self._verdicts)

    def __len__(self) -> int:
        return len(self._verdicts)


class Tree:
    """The worktree, which the holder of the lock of its folder has to itself."""

    def __init__(self, repository: Repository, work: Path) -> None:
        self._repository = repository
        self.root = work / "tree"
        self._logs = work / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)

    def check_out(self, commit: str) -> None:
        if not (self.root / ".git").exists():
            shutil.rmtree(self.root, ignore_errors=True)  # of a start that was killed
            self._repository.git("worktree", "prune")
            self._repository.git("worktree", "add", "--force", "--detach", "--quiet", str(self.root), commit)
        else:
            tree = Repository(self.root)
            # Nobody else uses it: a lock is of a process that was killed.
            (self.root / tree.git("rev-parse", "--git-path", "index.lock").strip()).unlink(missing_ok=True)
            tree.git("checkout", "--force", "--detach", "--quiet", commit)
            tree.git("clean", "-ffdq")
        v8 = ROOT / "build/v8"
        if (v8 / ".complete").exists() and not (self.root / "build/v8").exists():
            (self.root / "build").mkdir(exist_ok=True)
            (self.root / "build/v8").symlink_to(v8)

    def log_of(self, commit: str) -> Path:
        return self._logs / f"{commit}.log"

    def run(self, commit: str, *command: str) -> int:
        """In the tree, with its output in logs/COMMIT.log. Ends with whatever ends this process."""
        ends_with_us = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
        with self.log_of(commit).open("ab") as log:
            process = subprocess.Popen([*ends_with_us, *command], cwd=self.root, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                       start_new_session=True, env=os.environ | {"SLUICE_BISECT_COMMIT": commit})
            try:
                return process.wait()
            finally:
                if process.poll() is None:
                    _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all that it has started."""
    started = descendants(process.pid)
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for each in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()


def tester(question: Question, tree: Tree) -> Callable[[str], str]:
    """The function that Bisection asks."""
    def by_command(commit: str) -> str:
        tree.check_out(commit)
        code = tree.run(commit, "sh", "-c", question.command)
        if code < 0 or code > _LAST_CODE:
            raise CannotRun(f"--command ended with {code} at {commit[:12]}: that is neither a verdict nor {_SKIP}, which passes a commit over")
        return UNTESTABLE if code == _SKIP else SHOWS if code else CLEAN

    def by_target(commit: str) -> str:
        tree.check_out(commit)
        if tree.run(commit, "bash", "-euo", "pipefail", "-c", _BUILD, "scripts/bisect", question.preset, question.target) != 0:
            say(f"{commit[:12]} does not build: {tree.log_of(commit)}")
            return UNTESTABLE
        command = replay.target_command(tree.root / "build" / question.preset, question.target)
        try:
            counts = replay.replay(command, [str(path) for path in question.files], question.identity, question.tries, until_same=True,
                                   root=tree.root, event=question.event)
        except OSError:
            return UNTESTABLE
        if counts.others and not counts.same:
            say(f"{commit[:12]} fails by {', '.join(sorted(counts.others))} instead")
            return UNTESTABLE
        return SHOWS if counts.same else CLEAN

    return by_command if question.command else by_target


class TimeOver(Exception):
    """A search has no time for another commit."""


def search(repository: Repository, work: Path, question: Question, *, good: str = "", bad: str, hint: str = "",
           known: dict[str, str] | None = None, until: float | None = None) -> Result:
    """Resumes what an earlier search with the same question knows. Raises CannotRun if the range makes no sense, and TimeOver when time.monotonic()
    is beyond `until`, before it begins another commit."""
    bad, good = repository.resolve(bad), good and repository.resolve(good)
    if good == bad:
        raise CannotRun("--good and --bad are the same commit")
    is_mended = bool(good) and repository.is_ancestor(bad, good)
    if good and not is_mended and not repository.is_ancestor(good, bad):
        base = repository.git("merge-base", good, bad).strip()
        raise CannotRun(f"{good[:12]} is neither before nor after {bad[:12]}; they parted at {base[:12]}. Name that as --good")
    with sole_user(str(work), "another scripts/bisect", "--work"):
        files.remove_partial(work / "verdicts")
        (work / "verdicts").mkdir(parents=True, exist_ok=True)
        tree = Tree(repository, work)
        verdicts = Verdicts(work / "verdicts" / f"{question.key}.json", known or {})
        test = tester(question, tree)

        def in_time(commit: str) -> str:
            if until is not None and time.monotonic() > until:
                raise TimeOver("the time is over; the next search goes on here")
            return test(commit)
        bisecting = Bisection(repository, in_time, verdicts, say)
        if is_mended:
            return bisecting.mended_by(bad, good)
        return bisecting.first_bad(bad, good, hint)


def question_of(data: dict[str, Any], folder: Path, tries: int | None = None) -> Question:
    """`data`: of finding.json, or a record's. `folder`: with the finding's files."""
    sanitizer = (data.get("build") or {}).get("sanitizer") or "address"
    behind = [folder / name for name in data.get("sequence") or data.get("behind") or ()]
    path = folder / "input" if behind else Path(file_of(str(folder)))
    reproduced, runs = (data.get("reproduced"), data.get("tries")) if "tries" in data else (
        data["replays"]["reproduced"], data["replays"]["tries"])
    return Question(data["identity"], data["target"], {"address": "libfuzzer-asan", "undefined": "libfuzzer-ubsan"}[sanitizer], [*behind, path],
                    tries or tries_for(reproduced or 0, runs or 0), None if behind else event_of(folder))


def tries_for(reproduced: int, tries: int) -> int:
    """So many that one which fails as often as before is missed less than once in a hundred times."""
    if reproduced <= 0 or reproduced >= tries:
        return LEAST_TRIES
    passing = 1 - reproduced / tries
    wanted = 1
    while passing ** wanted > 0.01 and wanted < MOST_TRIES:
        wanted += 1
    return max(LEAST_TRIES, wanted)


# --- The command ---

def describe(identity: str, result: Result) -> str:
    """For a person."""
    shown_commits = result.commits if len(result.commits) <= _MOST_SHOWN else [*result.commits[:_MOST_SHOWN - 1], result.commits[-1]]
    commits = "".join(f"\n    {each.commit[:12]} {each.subject}\n      {each.author}, {each.date}\n" + "".join(
        f"      {line}\n" if line else "\n" for line in each.message.split("\n")[1:]) for each in shown_commits)
    if len(shown_commits) < len(result.commits):
        commits += f"\n    ({len(result.commits) - len(shown_commits)} more in {MENDED if result.is_mending else BEGAN})\n"
    what = "The commit that mended it" if result.is_mending else "The first commit with it"
    return {
        "found": f"{what}:\n{commits}",
        "several": f"{what} is one of these; the others could not be tested:\n{commits}",
        "older": f"It shows at {result.bad[:12]} too, and no older commit was tested without it. Name an older --good",
        "not reproduced": f"It does not show at {result.bad[:12]}",
        "not mended": f"It still shows at {result.bad[:12]}",
    }[result.outcome].rstrip() + f"\n\n{identity}: {result.builds} commit{'' if result.builds == 1 else 's'} tested"


_BEGIN, _END = "<!-- scripts/bisect -->", "<!-- /scripts/bisect -->"


def write_into(folder: Path, identity: str, result: Result) -> None:
    """Beside the finding's files: bisect.json, or mended.json; and the words of the commits in README.md and on the page."""
    path = folder / (MENDED if result.is_mending else BEGAN)
    files.write_json(path, {"identity": identity} | result.data())
    finding_page.refresh(folder)
    readme = folder / "README.md"
    try:
        text = readme.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    head, _, rest = text.partition(_BEGIN)
    text = head + rest.partition(_END)[2].lstrip("\n")
    known = [Result.of(data) for name in (BEGAN, MENDED) if (data := files.read_json(folder / name))]
    words = "\n\n".join(describe(identity, each) for each in known)
    files.write_whole(readme, f"{text.rstrip()}\n\n{_BEGIN}\n## The commit\n\n{words}\n{_END}\n")


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/bisect")
    parser.add_argument("--good", default="")
    parser.add_argument("--bad", default="")
    parser.add_argument("--command", default="")
    parser.add_argument("--tries", default="")
    parser.add_argument("--work", default=str(ROOT / "build/bisect"))
    parser.add_argument("--repository", default=str(ROOT))
    parser.add_argument("--json", action="store_true")
    options = parser.parse(arguments)
    if len(options.words) != 1:
        parser.error("name the folder of one finding")
    folder = Path(options.words[0])
    tries = whole_number(parser, "--tries", options.tries) if options.tries else None
    question, data = _question(folder, options, tries)
    repository = Repository(Path(options.repository))
    build = data.get("build") or {}
    own = "" if build.get("dirty") or not build.get("commit") else str(build["commit"])
    bad = options.bad or own or "HEAD"
    known = {own: SHOWS} if own and not options.command and data.get("reproduced") == data.get("tries") else {}
    if not question.command:
        prepare()
    result = search(repository, Path(options.work).absolute(), question, good=options.good, bad=bad, known=known)
    if folder.is_dir():
        write_into(folder, question.identity, result)
    if options.json:
        print(json.dumps({"identity": question.identity} | result.data(), indent=1))
    else:
        print(describe(question.identity, result))
        if folder.is_dir():
            say(f"Written into {shown(folder)}")
    return 0 if result.commits else 1


def _question(folder: Path, options: argparse.Namespace, tries: int | None) -> tuple[Question, dict[str, Any]]:
    data = files.read_json(folder / "finding.json") if folder.is_dir() else {}
    if options.command:
        identity = (data or {}).get("identity") or folder.name
        path = folder if folder.is_file() else None
        return Question(identity, command=options.command, files=[path] if path else []), data or {}
    if not isinstance(data, dict) or "identity" not in data or "target" not in data:
        raise CannotRun(f"{shown(folder)}: is not the folder of a finding (finding.json is missing). With --command, anything can be looked for")
    return question_of(data, folder, tries), data
