"""scripts/minimize, which builds what this needs: makes the grown corpora small without losing coverage.

Of each target, all that it and the other targets have found, by either engine, is merged into a new folder by libFuzzer's -merge=1, which
tries each input in turn and survives those that crash. The readable seeds of corpus/ go first, so that nothing is kept that they reach
already. Then the new folder takes the old one's place in one step.
"""

import argparse
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from sluice_dev.campaign.campaign import NOT_BY_DEFAULT, PLANS, Plan
from sluice_dev.common.display import number, say, shown
from sluice_dev.engines import libfuzzer

_MERGED = re.compile(r"MERGE-OUTER: (\d+) new files with (\d+) new features added; (\d+) new coverage edges")
_AT_FDCWD, _EXCHANGE = -100, 2
# Some coverage depends on which inputs ran before (a list that grows once in a process), so that the same corpus in another order reaches
# a little more or less. So the old corpus is merged into the new one again, a few times or until that adds nothing.
_NOISE = 0.01
_PASSES = 3


class Failed(Exception):
    """A corpus could not be minimised, and is as it was."""


def files(folder):
    if not os.path.isdir(folder):
        return {}
    return {entry.name: entry.stat().st_size for entry in os.scandir(folder) if entry.is_file() and not entry.name.startswith(".")}


class Minimizer:
    def __init__(self, root, corpus, fuzzers):
        self.root = root
        self.corpus = corpus
        self.fuzzers = fuzzers
        self.process = None

    def targets(self):
        with open(os.path.join(self.fuzzers, "targets.txt"), encoding="utf-8") as file:
            known = file.read().split()
        return [name for name in known if name not in NOT_BY_DEFAULT and not PLANS.get(name, Plan()).is_canary]

    def seeds(self, target):
        names = (target, *PLANS.get(target, Plan()).more_seeds)
        return [folder for name in names if os.path.isdir(folder := os.path.join(self.root, "corpus", name))]

    def merge(self, target, into, folders, control):
        """Adds to `into` what has features that it has not. (features added, edges added)."""
        command = [os.path.join(self.fuzzers, target), "-merge=1", f"-merge_control_file={control}", *libfuzzer.run_flags(),
                   f"-max_len={PLANS.get(target, Plan()).max_len}", "-artifact_prefix=" + os.path.dirname(control) + "/", into, *folders]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        errors="replace", start_new_session=True)
        try:
            output, _ = self.process.communicate()
            code = self.process.returncode
        finally:
            self.stop()
        if os.path.exists(control):
            os.remove(control)
        found = _MERGED.search(output)
        if code != 0 or found is None:
            # A folder in which nothing is new has no such line.
            if code == 0 and "MERGE-OUTER" in output:
                return 0, 0
            raise Failed(f"{target} could not merge (exit code {code}). Its last lines:\n" + "\n".join("  " + l for l in output.splitlines()[-10:]))
        return int(found[2]), int(found[3])

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def reaches(self, target, folders, scratch):
        """(features, edges) of all inputs in the folders."""
        empty = tempfile.mkdtemp(prefix="measure-", dir=scratch)
        return self.merge(target, empty, folders, os.path.join(scratch, "control"))

    def minimize(self, target, others):
        """`others`: folders of other targets' inputs. The figures before and after."""
        place = os.path.join(self.corpus, target)
        recover(place)
        os.makedirs(place, exist_ok=True)
        seeds = self.seeds(target)
        old = files(place)
        # Beside it, so that it can be renamed; the campaign does not look at names with a dot.
        with tempfile.TemporaryDirectory(prefix=f".minimize-{target}-", dir=self.corpus) as scratch:
            before = self.reaches(target, [place, *seeds], scratch)
            new = os.path.join(scratch, "new")
            os.mkdir(new)
            names = set()
            for folder in seeds:
                for name in files(folder):
                    names.add(f"seed-{os.path.basename(folder)}-{name}")
                    shutil.copyfile(os.path.join(folder, name), os.path.join(new, f"seed-{os.path.basename(folder)}-{name}"))
            self.merge(target, new, [place, *others], os.path.join(scratch, "control"))
            for _ in range(_PASSES):
                if self.merge(target, new, [place], os.path.join(scratch, "control")) == (0, 0):
                    break
            for name in names:
                os.remove(os.path.join(new, name))
            after = self.reaches(target, [new, *seeds], scratch)
            if any(now < then * (1 - _NOISE) for now, then in zip(after, before)):
                raise Failed(f"{target}: the smaller corpus would reach less ({after[1]} edges and {after[0]} features, not {before[1]} and "
                             f"{before[0]}); it is as it was")
            kept = files(new)
            # What a campaign has found meanwhile.
            for name in files(place).keys() - old.keys():
                shutil.copyfile(os.path.join(place, name), os.path.join(new, name))
            exchange(new, place)
        return old, kept, before, after


def exchange(new, place):
    """Both names exist at every moment, where the file system can do that."""
    libc = ctypes.CDLL(None, use_errno=True)
    paths = (os.fsencode(new), os.fsencode(place))
    if hasattr(libc, "renameat2") and libc.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE) == 0:
        return
    os.rename(place, place + ".before")  # recover() knows it
    os.rename(new, place)
    shutil.rmtree(place + ".before")


def recover(place):
    """Finishes what an exchange in two steps that was killed in between has left."""
    aside = place + ".before"
    if os.path.isdir(aside):
        if os.path.isdir(place):
            shutil.rmtree(aside)
        else:
            os.rename(aside, place)


def sweep(corpus):
    """Scratch folders of runs that were killed."""
    for name in os.listdir(corpus) if os.path.isdir(corpus) else ():
        if name.startswith(".minimize-"):
            shutil.rmtree(os.path.join(corpus, name), ignore_errors=True)


def report(target, old, kept, before, after):
    def corpus(entries):
        return f"{number(len(entries))} entries, {number(sum(entries.values()))} bytes"

    say(f"{target}: {corpus(old)} -> {corpus(kept)}; {number(before[1])} -> {number(after[1])} edges, {number(before[0])} -> "
        f"{number(after[0])} features, with the seeds")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/minimize", allow_abbrev=False)
    for name in ("--root", "--corpus", "--fuzzers"):
        parser.add_argument(name, required=True)
    parser.add_argument("--from", action="append", default=[], dest="more")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args(arguments)
    minimizer = Minimizer(options.root, options.corpus, options.fuzzers)
    worst = 0
    try:
        for folder in options.more:
            if not os.path.isdir(folder):
                raise Failed(f"{shown(folder)}: no such folder")
        os.makedirs(options.corpus, exist_ok=True)
        sweep(options.corpus)
        known = minimizer.targets()
        for target in options.targets:
            if target not in known:
                raise Failed(f"unknown target {target}; there are: {' '.join(known)}")
        for target in options.targets or known:
            # Programs are inputs of every target; what is no program is one, too.
            others = [os.path.join(options.corpus, other) for other in known if other != target]
            others = [folder for folder in (*others, *options.more) if os.path.isdir(folder)]
            try:
                report(target, *minimizer.minimize(target, others))
            except Failed as failure:
                print(f"scripts/minimize: {failure}", file=sys.stderr)
                worst = 1
    except (Failed, OSError) as error:
        text = f"{error.filename}: {error.strerror}; nothing was lost" if isinstance(error, OSError) else str(error)
        print(f"scripts/minimize: {text}", file=sys.stderr)
        return 2
    finally:
        minimizer.stop()
    return worst
