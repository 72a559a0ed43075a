"""How many findings one fault becomes: each mutant is fuzzed by a campaign of its own (scripts/mutants --campaigns).

A campaign should report each fault once. Counts the findings of a single fault, the pairs of faults whose findings would share a group
if both were present, and the pairs in which one fault has only identities of the other, so that it would be suppressed.
"""

import itertools
import os
import random
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sluice_dev.triage import findings
from sluice_dev.triage import grouping

TARGETS = ("writable_stream_fuzzer", "reentrancy_fuzzer", "buffer_limit_fuzzer")
# So that the same number of mutants are the same ones, from all over the core.
_ORDER = 20261127


Mutated = tuple[str, int, str, str]  # file, line, what was done, the file's text


def chosen(every: Iterable[Mutated], count: int) -> list[Mutated]:
    """`count` of the mutants, from all files."""
    every = list(every)
    random.Random(_ORDER).shuffle(every)
    return every[:count]


def copy_tree(root: Path, work: Path) -> None:
    """What git knows or would add, and V8."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True, stdout=subprocess.PIPE)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (root / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, work / name)
    if (v8 := root / "build/v8").is_dir():
        (work / "build").mkdir()
        os.symlink(v8, work / "build/v8")


def campaign(work: Path, out: Path, seconds: int) -> list[list[Any]] | None:
    """Lists of findings, one for each that would be told; None if it could not run."""
    command: list[str | Path] = [work / "scripts/fuzz", "--time", str(seconds), "--out", out,
                                *itertools.chain(*(("--target", target) for target in TARGETS))]
    # What is the same in another folder need not be compiled again.
    env = os.environ | {"CCACHE_BASEDIR": str(work), "CCACHE_NOHASHDIR": "1"}
    run = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if run.returncode == 2:
        return None
    groups: list[list[Any]] = grouping.group([findings.restore(file.parent) for file in sorted(Path(out, "findings").rglob("finding.json"))])
    return groups


def shared(found_of: dict[str, list[Any]]) -> list[tuple[str, str]]:
    """The pairs of faults of which at least one group has findings of both. `found_of`: fault -> its findings."""
    pairs = []
    for (a, of_a), (b, of_b) in itertools.combinations(found_of.items(), 2):
        ours = {id(finding) for finding in of_a}
        if any(len({id(finding) in ours for finding in members}) == 2 for members in grouping.group(of_a + of_b)):
            pairs.append((a, b))
    return pairs


def hidden(found_of: dict[str, list[Any]]) -> list[tuple[str, str]]:
    """The pairs of which the first was found by nothing but names that the second has too: a campaign suppresses those once it knows them."""
    names_of = {fault: {finding.identity for finding in found} for fault, found in found_of.items()}
    oracles = {fault for fault, found in found_of.items() if all(finding.from_oracle for finding in found)}  # crashes are not suppressed
    return [(a, b) for a, b in itertools.permutations(names_of, 2) if a in oracles and names_of[a] <= names_of[b]]


def run(root: Path, work: Path, mutants: list[Mutated], seconds: int) -> int:
    """The exit code."""
    copy_tree(root, work)
    found_of: dict[str, list[Any]] = {}
    more = 0
    for number, (name, line, what, text) in enumerate(mutants, 1):
        fault = f"{name}:{line}: {what}"
        original = (work / name).read_text()
        out = work / "campaign"
        shutil.rmtree(out, ignore_errors=True)
        (work / name).write_text(text)
        try:
            groups = campaign(work, out, seconds)
        finally:
            (work / name).write_text(original)
        if groups is None:
            print(f"[{number}/{len(mutants)}] does not compile     {fault}", flush=True)
            continue
        found = list(itertools.chain(*groups))
        more += len(groups) > 1
        print(f"[{number}/{len(mutants)}] {len(groups)} finding{'s' if len(groups) != 1 else ' '} by {len(found):<2} identities  {fault}", flush=True)
        if len(groups) > 1:
            for leader, *_ in groups:
                print(f"      {leader.identity}  {leader.diverges}", flush=True)
        if found:
            found_of[fault] = found
    pairs = shared(found_of)
    for a, b in pairs:
        print(f"would be one finding:\n      {a}\n      {b}")
    hiding = hidden(found_of)
    for a, b in hiding:
        print(f"has no name of its own:\n      {a}\n      beside {b}")
    print(f"{len(found_of)} of {len(mutants)} faults were found in {seconds} s each; "
          f"{len(found_of) - more} became one finding, {more} more than one; "
          f"{len(pairs)} of {len(found_of) * (len(found_of) - 1) // 2} pairs would share one, {len(hiding)} would hide one")
    return 1 if more or pairs else 0
