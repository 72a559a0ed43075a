"""Finds the commit that began a finding, or that ended it. Knows git; knows nothing of builds.

    search = Bisection(repository, older, newer, test, verdicts)
    result = search.run()

A commit *shows* the finding, is *clean*, or cannot be tested. `test(commit)` says which; what it has said is in `verdicts`, which is saved
after each test, so that a search that was killed goes on where it was.

Each step takes the commit that halves what is left (`git rev-list --bisect-all`). One that cannot be tested is skipped, and the next ones
are taken from other parts of what is left, until patience ends. The two commits that decide are always tested, unless their verdict is known:
the end that was only claimed is tested when the answer rests on it.
"""

import subprocess
from collections.abc import Callable, MutableMapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.provenance import GIT

PATIENCE = 20
SHOWS, CLEAN, UNTESTABLE = "shows", "clean", "cannot be tested"


@dataclass(frozen=True)
class Commit:
    commit: str
    author: str
    date: str
    subject: str
    message: str


@dataclass
class Result:
    outcome: str  # found; several (some could not be tested); older; not reproduced; not mended
    good: str = ""  # a commit without the finding
    bad: str = ""  # one with it
    builds: int = 0
    commits: list[Commit] = field(default_factory=list)

    @property
    def is_mending(self) -> bool:
        """The commits ended the finding; otherwise they began it."""
        return self.outcome == "not mended" or bool(self.commits) and self.commits[-1].commit == self.good

    def data(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def of(data: dict[str, Any]) -> "Result":
        """Of what data() returned, whatever else is there."""
        fields = {name: data[name] for name in ("outcome", "good", "bad", "builds")}
        return Result(**fields, commits=[Commit(**commit) for commit in data["commits"]])


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *words: str) -> str:
        run = subprocess.run([*GIT, "-C", str(self.root), *words], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if run.returncode != 0:
            raise CannotRun(f"git {words[0]}: {run.stderr.decode(errors='replace').strip() or f'exit code {run.returncode}'}")
        return run.stdout.decode("utf-8", "surrogateescape")

    def resolve(self, revision: str) -> str:
        try:
            return self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
        except CannotRun:
            raise CannotRun(f"{revision}: no such commit (a shallow clone has only the newest)") from None

    def is_ancestor(self, older: str, newer: str) -> bool:
        run = subprocess.run([*GIT, "-C", str(self.root), "merge-base", "--is-ancestor", older, newer], stdin=subprocess.DEVNULL,
                             capture_output=True, check=False)
        if run.returncode not in (0, 1):
            raise CannotRun(f"git merge-base: {run.stderr.decode(errors='replace').strip()}")
        return run.returncode == 0

    def candidates(self, newer: str, older: set[str]) -> list[str]:
        """Which commit after `older` may be the first of the newer kind; the one that halves them best comes first, `newer` last."""
        lines = self.git("rev-list", "--bisect-all", newer, *(f"^{commit}" for commit in sorted(older))).split("\n")
        found = [line.split(" ", 1)[0] for line in lines if line]
        return [commit for commit in found if commit != newer] + ([newer] if newer in found else [])

    def first_parents(self, commit: str) -> list[str]:
        return self.git("rev-list", "--first-parent", commit).split()[1:]

    def words(self, commit: str) -> Commit:
        return Commit(*(part.strip("\n") for part in self.git("show", "-s", "--format=%H%x00%an%x00%aI%x00%s%x00%B", commit).split("\0")))


class Bisection:
    def __init__(self, repository: Repository, test: Callable[[str], str], verdicts: MutableMapping[str, str],
                 say: Callable[[str], None] = lambda _: None, patience: int = PATIENCE) -> None:
        """`verdicts`: those that are known; each test adds one. `patience`: so many commits that cannot be tested end the search."""
        self._patience = patience
        self._repository, self._test, self._verdicts, self._say = repository, test, verdicts, say
        self.builds = 0

    def first_bad(self, bad: str, good: str = "", hint: str = "") -> Result:
        """Without `good`, it is looked for: at `hint` first, then ever farther back."""
        if self._end(bad) != SHOWS:
            return Result("not reproduced", bad=bad, builds=self.builds)
        if not good:
            good, bad = self._find_good(bad, hint)
            if not good:
                return Result("older", bad=bad, builds=self.builds)
        return self._narrow(good, bad, older_kind=CLEAN)

    def mended_by(self, bad: str, good: str) -> Result:
        """`good` is the newer one."""
        if self._end(good) != CLEAN:
            return Result("not mended", bad=good, builds=self.builds)
        return self._narrow(bad, good, older_kind=SHOWS)

    def _verdict(self, commit: str) -> str:
        if commit not in self._verdicts:
            self.builds += 1
            self._verdicts[commit] = verdict = self._test(commit)
            self._say(f"{commit[:12]} {verdict}: {self._repository.words(commit).subject}")
        return self._verdicts[commit]

    def _end(self, commit: str) -> str:
        if self._verdict(commit) == UNTESTABLE:
            raise CannotRun(f"{commit[:12]}: it cannot be tested, and the search begins there. Name another commit")
        return self._verdicts[commit]

    def _find_good(self, bad: str, hint: str) -> tuple[str, str]:
        """A clean commit, "" if there is none, and the oldest one that shows the finding."""
        parents = self._repository.first_parents(bad)
        position = parents.index(hint) if hint in parents else 0
        step = 1
        while parents:
            commit = parents[min(position, len(parents) - 1)]
            verdict = self._verdict(commit)
            if verdict == CLEAN:
                return commit, bad
            bad = commit if verdict == SHOWS else bad
            if position >= len(parents) - 1:
                break
            position += step
            step *= 2
        return "", bad

    def _narrow(self, older: str, newer: str, older_kind: str) -> Result:
        claimed, known_older = older, {older}
        newer_kind = SHOWS if older_kind == CLEAN else CLEAN
        while True:
            candidates = self._repository.candidates(newer, known_older)
            untested = [commit for commit in candidates if commit != newer and self._verdicts.get(commit) != UNTESTABLE]
            passed_over = len(candidates) - 1 - len(untested)
            if not untested or passed_over >= self._patience:
                break
            commit = untested[int(len(untested) * _spread(passed_over))]
            verdict = self._verdict(commit)
            if verdict == newer_kind:
                newer = commit
            elif verdict == older_kind:
                known_older.add(commit)
        if known_older == {claimed} and self._verdict(claimed) == newer_kind:
            # No commit that was tested is of the older kind, and neither is the one that should be.
            return Result("older", bad=claimed, builds=self.builds) if older_kind == CLEAN else Result(
                "not reproduced", bad=claimed, builds=self.builds)
        commits = candidates
        last = claimed if known_older == {claimed} else next(
            (commit for commit in self._repository.first_parents(newer) if commit in known_older), claimed)
        good, bad = (last, newer) if older_kind == CLEAN else (newer, last)
        return Result("found" if len(commits) == 1 else "several", good, bad, self.builds, [self._repository.words(commit) for commit in commits])


def _spread(passed_over: int) -> float:
    """Where to look next, as a part of the candidates from the best one on: 0, 1/4, 1/16, 9/16, ..., so that a stretch of commits that do not
    build is left soon."""
    fraction, denominator = 0.0, 1
    while passed_over:
        denominator *= 2
        passed_over, bit = divmod(passed_over, 2)
        fraction += bit / denominator
    return fraction * fraction
