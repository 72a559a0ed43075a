"""Bugs that a known finding masks.

A target suppresses programs that break the rule of an open finding in the same step (fuzz/harness/program_target.h), and stores a sample of
them (fuzz/harness/suppressed_inputs.h). Programs of the sample that diverge in another operation than any finding become findings of their
own. The inputs of findings are examined too: shrinking may have changed the bug that they show. A program that diverges in the operation
of a finding, or outside of operations, is not distinguished from it.
"""

import asyncio
import collections
import os
import re
import shutil

from sluice_dev.common import targets as fuzz_targets
from sluice_dev.triage import findings
from sluice_dev.triage.grouping import fault_at, fault_of, operation_of

_CHUNK = 200  # files that one process examines
_CHUNK_SECONDS = 300
MOST = 20  # findings that are made of this


def _is_sorted(target):
    """Not those whose inputs `sluice-fuzz` cannot run, or not with their fault."""
    facts = fuzz_targets.of(target)
    return facts.inputs == "programs" and not facts.is_canary


def _folder(out):
    return os.path.join(out, "suppressed")


async def divergences(triage, target, files):
    """(identity, place, file) of each of `files` in which something breaks."""
    placed = []
    judged = fuzz_targets.of(target).judge_flags
    while files and not triage.stopped:
        chunk, files = files[:_CHUNK], files[_CHUNK:]
        text = await triage.divergences(judged, chunk, _CHUNK_SECONDS)
        lines = re.findall(r"^(.*)\t(.*)\t(.*)$", text, re.MULTILINE)
        placed += [(identity, place, file) for file, identity, place in lines if identity]
        # What ends the process is no oracle's finding, and was not suppressed. Go on behind it.
        files = chunk[chunk.index(lines[-1][0]) + 2 if lines else 1:] + files
    return placed


async def look_for(triage, found, out, begun, jobs, made):
    """Adds the findings that are made of what was suppressed to `made`, investigated. `found`: the others, investigated. `out`: the
    campaign's folder. `begun`: when fuzzing began, in seconds since the epoch. Returns how many more there would have been."""
    by_target = {}
    folder = _folder(out)
    for target in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if _is_sorted(target):
            by_target[target] = sorted(os.path.join(folder, target, name) for name in os.listdir(os.path.join(folder, target)) if "." not in name)
    for finding in found:
        path = os.path.join(finding.folder, "input")
        if finding.from_oracle and _is_sorted(finding.target) and os.path.exists(path):
            by_target.setdefault(finding.target, []).append(path)
    limit = asyncio.Semaphore(jobs)

    async def sort(target, files):
        async with limit:
            return [(target, *entry) for entry in await divergences(triage, target, files)]

    parts = [(target, files[i:i + _CHUNK]) for target, files in by_target.items() for i in range(0, len(files), _CHUNK)]
    sorted_parts = await asyncio.gather(*(sort(*part) for part in parts))
    named = {finding.identity: finding for finding in found if finding.from_oracle}
    known = {fault_of(finding) for finding in found} | {""}
    candidates = collections.defaultdict(list)  # by what tells the fault from others
    for target, identity, place, file in sum(sorted_parts, []):
        if identity in named and (fault := fault_at(identity, place)) not in known:
            candidates[fault].append((target, identity, place, file))
    left_out = 0
    for fault, programs in sorted(candidates.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        if triage.stopped:
            break
        if fault in known:
            continue
        if len(made) >= MOST:
            left_out += 1
            continue
        (target, identity, place), _ = collections.Counter(program[:3] for program in programs).most_common(1)[0]
        file = min((program[3] for program in programs if program[:3] == (target, identity, place)), key=lambda path: (os.path.getsize(path), path))
        finding = _finding(named[identity], target, place, file, out, begun)
        await triage.investigate(finding)
        if fault_of(finding) in known - {""} and not finding.trouble and not triage.stopped:
            shutil.rmtree(finding.folder)  # one of those that there are
            continue
        known |= {fault, fault_of(finding)}
        made.append(finding)
    return left_out


def _finding(like, target, place, file, out, begun):
    finding = findings.Finding(like.identity, target, "crash", like.rule, True, max(0.0, os.stat(file).st_mtime - begun), folder="", engine="",
                               place=place)
    name = findings.folder_name(f"{like.identity} {operation_of(place) or place}")
    finding.folder = os.path.join(out, "findings", name)
    shutil.rmtree(finding.folder, ignore_errors=True)
    os.makedirs(finding.folder)
    shutil.copyfile(file, os.path.join(finding.folder, "input"))
    findings.write(os.path.join(finding.folder, "log.txt"), f"The program {os.path.relpath(file, out)}, which has the name of another finding.\n")
    findings.write_data(finding, {})
    return finding
