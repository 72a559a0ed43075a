"""scripts/minimize, which builds what this needs: makes the grown corpora small without losing coverage.

Of each target, all that it and the other targets have found, by either engine, is measured (engines/measure.py): first the readable seeds of
corpus/, so that nothing is kept that they reach already, then the target's own inputs, the small ones first, then those of others. What
adds nothing is removed, input by input, after what others add was put there: a run that is interrupted at any time has lost nothing.
An input that was not measured is never removed; it is moved to TARGET.aside, or stays where it is if it is another one's.
"""

import dataclasses
import errno
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence

from sluice_dev.common import builds
from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.arguments import Parser
from sluice_dev.common.display import number, say, shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.locks import sole_user
from sluice_dev.common.paths import ROOT, grown_corpora
from sluice_dev.common.result import tell
from sluice_dev.common.streams import words_of
from sluice_dev.corpus.files import Entry, entries
from sluice_dev.engines import libfuzzer
from sluice_dev.engines.measure import Measured, Measurer, Total

ASIDE = ".aside"  # behind a target's name: the folder of inputs that could not be measured
_SCRATCH = ".minimize-"
# Some coverage depends on which inputs ran before (a list that grows once in a process), so that the same corpus in another order reaches
# a little more or less. So what is to go is measured once more behind what stays, a few times or until it adds nothing.
_NOISE = 0.01
_PASSES = 3
_MOST_NAMED = 20


class Failed(Exception):
    """A corpus could not be minimised, and is as it was."""


@dataclasses.dataclass
class Input:
    entry: Entry
    data: bytes

    @property
    def order(self) -> tuple[int, bytes]:
        return len(self.data), self.data


@dataclasses.dataclass
class Choice:
    """What becomes of a corpus."""

    kept: list[Input]
    removed: list[Input]
    added: list[Input]  # from elsewhere
    aside: list[tuple[Entry, str]]  # with the reason
    not_merged: list[tuple[Entry, str]]  # of others
    before: Total
    after: Total


class Minimizer:
    def __init__(self, root: str, corpus: str, fuzzers: str) -> None:
        self.root = root
        self.corpus = corpus
        self.fuzzers = fuzzers

    def targets(self) -> list[str]:
        with open(os.path.join(self.fuzzers, "targets.txt"), encoding="utf-8") as file:
            known = file.read().split()
        return [name for name in fuzz_targets.default(known) if not fuzz_targets.of(name).is_canary]

    def seeds(self, target: str) -> list[str]:
        names = fuzz_targets.of(target).corpus_folders
        return [folder for name in names if os.path.isdir(folder := os.path.join(self.root, "corpus", name))]

    def choose(self, target: str, others: Sequence[str], strangers: Sequence[str], scratch: str) -> Choice:
        """`others`: folders of other targets' inputs, of which many do not fit; `strangers`: folders whose inputs are all meant to."""
        longest = fuzz_targets.of(target).max_len
        measurer = Measurer(os.path.join(self.fuzzers, target), self.root, scratch, [*libfuzzer.run_flags(), f"-max_len={longest}"])
        seeds, _ = _read(self.seeds(target), longest)
        own, aside = _read([os.path.join(self.corpus, target)], longest)
        foreign, not_merged = _read(strangers, longest)
        foreign += _read(others, longest)[0]
        known = {one.data for one in own}
        foreign = list({one.data: one for one in foreign if one.data not in known}.values())
        every = [*seeds, *own, *foreign]
        if not own and not foreign:
            return Choice([], [], [], aside, not_merged, Total(0, 0), Total(0, 0))
        measured = measurer.measure([one.data for one in every])
        total = Total.of(measured)
        if total.features == 0:
            raise Failed(f"{target}: its {len(every)} inputs and seeds reach nothing, which cannot be; the corpus is as it was")
        of_own, of_foreign = measured[len(seeds):len(seeds) + len(own)], measured[len(seeds) + len(own):]
        aside += [(one.entry, m.why) for one, m in zip(own, of_own) if m.why]
        not_merged += [(one.entry, m.why) for one, m in zip(foreign, of_foreign) if m.why]
        before = Total.of(measured[:len(seeds) + len(own)])
        kept, removed = _part(own, of_own)
        kept += [one for one in removed if one.entry.is_elsewhere]
        removed = [one for one in removed if not one.entry.is_elsewhere]
        added, _ = _part(foreign, of_foreign)
        after = before
        for _ in range(_PASSES):
            stay = [*seeds, *kept, *added]
            again = measurer.measure([one.data for one in (*stay, *removed)])
            after = Total.of(again[:len(stay)])
            more, removed = _part(removed, again[len(stay):], unmeasured_stay=True)
            kept += more
            if not more:
                break
        if after.features < before.features * (1 - _NOISE) or after.edges < before.edges * (1 - _NOISE):
            raise Failed(f"{target}: the smaller corpus would reach less ({after.edges} edges and {after.features} features, not {before.edges} "
                         f"and {before.features}); it is as it was")
        return Choice(kept, removed, added, aside, not_merged, before, after)

    def apply(self, target: str, choice: Choice) -> list[tuple[str, str]]:
        """Nothing is lost at any moment. Returns what was moved aside: the new path, and why."""
        place = os.path.join(self.corpus, target)
        for one in choice.added:
            _write_new(os.path.join(place, hashlib.sha1(one.data).hexdigest()), one.data, self.corpus)
        moved = [(_move_aside(entry, os.path.realpath(place) + ASIDE), why) for entry, why in choice.aside]
        for one in choice.removed:
            if one.entry.is_unchanged():
                os.unlink(one.entry.path)
        return moved


def _read(folders: Iterable[str], longest: int) -> tuple[list[Input], list[tuple[Entry, str]]]:
    """The inputs, the small ones first, and what is none."""
    found, not_inputs = [], []
    for folder in folders:
        for entry in entries(folder):
            if entry.why:
                not_inputs.append((entry, entry.why))
            elif entry.size > longest:
                not_inputs.append((entry, f"{number(entry.size)} bytes, and the longest of its target are {number(longest)}"))
            else:
                try:
                    with open(entry.path, "rb") as file:
                        found.append(Input(entry, file.read(longest)))
                except FileNotFoundError:
                    continue  # removed just now
    return sorted(found, key=lambda one: one.order), not_inputs


def _part(inputs: Sequence[Input], measured: Sequence[Measured], unmeasured_stay: bool = False) -> tuple[list[Input], list[Input]]:
    """Those that add something, and those of which a run of the target says that they add nothing."""
    adds = [one for one, m in zip(inputs, measured) if m.features or (m.why and unmeasured_stay)]
    nothing = [one for one, m in zip(inputs, measured) if not m.features and not m.why]
    return adds, nothing


def _write_new(path: str, data: bytes, scratch: str) -> None:
    """Whole or not at all."""
    handle, temporary = tempfile.mkstemp(prefix=_SCRATCH, dir=scratch)
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        shutil.move(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def _move_aside(entry: Entry, folder: str) -> str:
    """Where it is now; what cannot be moved stays. Its name may be there already, of an earlier run."""
    if entry.is_elsewhere:
        return entry.path
    os.makedirs(folder, exist_ok=True)
    base = os.fsdecode(os.fsencode(entry.name.replace("/", "_"))[:200])  # a name has 255 bytes at most
    name = base
    count = 1
    while os.path.lexists(os.path.join(folder, name)):
        count += 1
        name = f"{base}.{count}"
    path = os.path.join(folder, name)
    if os.path.islink(entry.path) and not os.path.isabs(os.readlink(entry.path)):  # relative to where it was
        os.symlink(os.path.join(os.path.dirname(os.path.abspath(entry.path)), os.readlink(entry.path)), path)
        os.unlink(entry.path)
        return path
    try:
        os.rename(entry.path, path)
    except OSError as error:
        if error.errno != errno.EXDEV or not os.path.isfile(entry.path):
            return entry.path
        shutil.copyfile(entry.path, path)
        os.unlink(entry.path)
    return path


def sweep(corpus: str) -> None:
    """Scratch of runs that were killed."""
    for name in os.listdir(corpus):
        path = os.path.join(corpus, name)
        if name.startswith(_SCRATCH):
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)
        elif name.endswith(".before") and os.path.isdir(path):  # of older versions, which exchanged two folders
            place = path.removesuffix(".before")
            if not os.path.lexists(place):
                os.rename(path, place)


def _corpus_of(inputs: Sequence[Input]) -> str:
    return f"{number(len(inputs))} entries, {number(sum(len(one.data) for one in inputs))} bytes"


def _complain(text: str) -> None:
    sys.stderr.write(f"scripts/minimize: {text}\n")


def _name_all(heading: str, named: Sequence[tuple[str, str]]) -> None:
    if named:
        _complain(heading)
        for path, why in named[:_MOST_NAMED]:
            _complain(f"  {shown(path)}: {why}")
        if len(named) > _MOST_NAMED:
            _complain(f"  and {number(len(named) - _MOST_NAMED)} more")


def as_data(choice: Choice, moved: Sequence[tuple[str, str]]) -> dict[str, object]:
    def total(of: Total) -> dict[str, int]:
        return {"edges": of.edges, "features": of.features}
    return {"kept": len(choice.kept), "removed": len(choice.removed), "added": len(choice.added), "before": total(choice.before),
            "after": total(choice.after), "aside": [{"path": path, "why": why} for path, why in moved],
            "not_merged": [{"path": entry.path, "why": why} for entry, why in choice.not_merged]}


def minimize(minimizer: Minimizer, target: str, others: Sequence[str], strangers: Sequence[str]) -> bool:
    """Whether every input was measured."""
    os.makedirs(os.path.join(minimizer.corpus, target), exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=minimizer.corpus) as scratch:
        try:
            choice = minimizer.choose(target, others, strangers, scratch)
        except CannotRun as problem:
            raise Failed(f"{problem}\nThe corpus of {target} is as it was") from problem
    moved = minimizer.apply(target, choice)
    tell(**{target: as_data(choice, moved)})
    say(f"{target}: {_corpus_of([*choice.kept, *choice.removed])} -> {_corpus_of([*choice.kept, *choice.added])}; {number(choice.before.edges)} -> "
        f"{number(choice.after.edges)} edges, {number(choice.before.features)} -> {number(choice.after.features)} features, with the seeds")
    _name_all(f"{target}: {number(len(moved))} inputs were not measured, and are kept aside:", moved)
    _name_all(f"{target}: {number(len(choice.not_merged))} inputs from elsewhere were not merged, and are where they were:",
              [(entry.path, why) for entry, why in choice.not_merged])
    return not moved and not choice.not_merged


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/minimize")
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--corpus", default=grown_corpora())
    parser.add_argument("--from", action="append", default=[], dest="more")
    parser.add_argument("--sanitizer", default="address", choices=list(builds.PRESETS))
    parser.add_argument("--fuzzers")  # a folder, for tests: nothing is built
    options = parser.parse(arguments)
    if options.words:
        parser.error(f"unknown argument {options.words[0]}")
    options.corpus = os.path.realpath(options.corpus)
    for folder in options.more:
        if not os.path.isdir(folder):
            raise CannotRun(f"{shown(folder)}: no such folder")
    if not options.fuzzers:
        for target in options.target:
            builds.require_target(target)
        builds.prepare()
        preset = f"libfuzzer-{builds.PRESETS[options.sanitizer]}"
        builds.build(preset)
        options.fuzzers = ROOT / "build" / preset / "fuzzers"
    builds.export_sanitizer_options()
    minimizer = Minimizer(str(ROOT), options.corpus, str(options.fuzzers))
    known = minimizer.targets()
    for target in options.target:
        if target not in known:
            raise CannotRun(f"unknown target {target}; there are: {' '.join(known)}")
    try:
        return minimize_all(minimizer, options.target or known, known, options.more)
    except OSError as error:
        raise CannotRun(f"{words_of(error, options.corpus)}; nothing was lost") from error


def minimize_all(minimizer: Minimizer, targets: Sequence[str], known: Sequence[str], strangers: Sequence[str]) -> int:
    worst = 0
    with sole_user(minimizer.corpus, "another scripts/minimize", "--corpus"):
        sweep(minimizer.corpus)
        for target in targets:
            # Programs are inputs of every target; what is no program is one, too.
            others = [folder for other in known if other != target and os.path.isdir(folder := os.path.join(minimizer.corpus, other))]
            try:
                if not minimize(minimizer, target, others, strangers):
                    worst = 1
            except Failed as failure:
                tell(**{target: {"failed": str(failure)}})
                _complain(str(failure))
                worst = 1
    return worst
