"""Merges the findings of one fault. A merged finding is not reported alone, so in doubt two stay two.

One fault is found by many programs, and one program breaks many rules. A program counts for the first rule that it breaks, and shrinking
preserves that rule and the operation in which the core diverges (both are the finding's key). Two findings are one fault if
  - they have the same key;
  - the core diverges in the same operation, after the same part of it;
  - only V8 shows both, and they break the same rule;
  - one crashed in the operation in which the other diverges, and nothing had diverged before;
  - both crashed at the same line, by the same kind of access;
  - of the inputs that differ in one byte from one's, many are the other (inputs that are no programs);
  - neither ever reproduced (one overwritten byte crashes in a hundred functions), or one's input was the other each time.
Two findings that diverge in two places are two, whatever else they have in common.

What the rules are worth: 81 findings of twelve sets of faults planted in the core are 34 groups; 79 without the place of the divergence, and 35
without the crash in its operation. By the operation alone, two faults would be one. 45 keys of twelve faults planted in V8's binding are 33
groups; 45 without the rule for V8.
"""

import os
import shutil

from sluice_dev.triage import findings
from sluice_dev.triage.findings import Finding
from sluice_dev.triage.report import culprit

# The earlier names the group.
_STRENGTH = ("assert", "invariant", "asan", "ubsan", "slots", "model", "history", "ownership", "leak", "timeout", "oom", "codec",
             "determinism", "state", "model-assert")
# Of the inputs that differ in a byte from that of a finding and break anything, the share that must be the other.
_MANY_NEIGHBOURS = 0.25
# AddressSanitizer's names for a wrong access to memory: one may hit freed, poisoned or foreign memory.
_ACCESSES = ("heap-use-after-free", "heap-buffer-overflow", "use-after-poison", "container-overflow", "stack-use-after-scope",
             "stack-buffer-overflow", "global-buffer-overflow", "dynamic-stack-buffer-overflow", "unknown-crash")


def rule_of(identity: str) -> str:
    """Without the operation or step."""
    return identity.split("@", 1)[0]


def _strength(finding: Finding) -> int:
    oracle = finding.identity.split("/", 1)[0]
    return _STRENGTH.index(oracle) if oracle in _STRENGTH else len(_STRENGTH)


def _has_place(finding: Finding) -> bool:
    """Outside of operations, one fault diverges in many places."""
    return bool(finding.record.get("after"))


def _diverge_alike(a: Finding, b: Finding) -> bool:
    return _has_place(a) and (a.record["operation"], a.record["after"]) == (b.record.get("operation"), b.record.get("after"))


def _diverge_elsewhere(a: Finding, b: Finding) -> bool:
    return _has_place(a) and _has_place(b) and not _diverge_alike(a, b)


def _is_next_to(finding: Finding, other: Finding) -> bool:
    """Whether many inputs next to that of `finding` are the other. With another fault, few would be: most are `finding` still."""
    count = finding.neighbours.get(other.identity, 0)
    return finding.target == other.target and count >= 2 and count >= _MANY_NEIGHBOURS * sum(finding.neighbours.values())


def _was_each_time(finding: Finding, other: Finding) -> bool:
    return finding.never_again and finding.others == {other.identity: finding.tries}


def _at(finding: Finding) -> str:
    return culprit(finding.frames)


def _crashed_in(crash: Finding, oracle: Finding) -> bool:
    return bool(_at(crash)) and not crash.record.get("operation") and _at(crash).split(" ")[0] == oracle.record.get("operation")


def _is_same_crash(a: Finding, b: Finding) -> bool:
    def kind(finding: Finding) -> str:
        rule = str(finding.record.get("rule"))
        return "access" if rule in _ACCESSES else rule
    return bool(_at(a)) and _at(a) == _at(b) and kind(a) == kind(b) and bool(a.record.get("operation")) == bool(b.record.get("operation"))


def _are_v8s(a: Finding, b: Finding) -> bool:
    return bool(a.record.get("v8_only") and b.record.get("v8_only")) and rule_of(a.identity) == rule_of(b.identity)


def why_same(a: Finding, b: Finding) -> str:
    """The evidence that merges two findings, as text; empty if there is none."""
    if _diverge_elsewhere(a, b):
        return ""
    if a.identity == b.identity:
        return "the same key"
    if _is_next_to(a, b) or _is_next_to(b, a):
        return "many inputs next to the one are the other"
    if _was_each_time(a, b) or _was_each_time(b, a):
        return "each time that its input ran again, it was the other"
    if a.never_again or b.never_again:
        return "neither happened again" if a.never_again and b.never_again else ""
    if _diverge_alike(a, b):
        return "the core diverges from the standard at the same place"
    if _are_v8s(a, b):
        return "only V8 shows both"
    if a.from_oracle != b.from_oracle:
        crash, oracle = (b, a) if a.from_oracle else (a, b)
        return "it crashed in the operation in which the other diverges" if _crashed_in(crash, oracle) else ""
    return "the same crash at the same place" if not a.from_oracle and _is_same_crash(a, b) else ""


def group(found: list[Finding]) -> list[list[Finding]]:
    """One list for each fault; the first of each names it. In the order in which they were found."""
    groups: list[list[Finding]] = []
    for finding in sorted(found, key=lambda f: (_strength(f), f.after_seconds)):
        same = [members for members in groups if any(why_same(member, finding) for member in members)]
        if any(_diverge_elsewhere(a, b) for i, members in enumerate(same) for a in members for other in same[i + 1:] for b in other):
            same = same[:1]  # it is one of two faults, and does not make them one
        groups = [members for members in groups if members not in same] + [[*sum(same, []), finding]]
    return sorted(groups, key=lambda members: min(f.after_seconds for f in members))


def merge(found: list[Finding]) -> list[Finding]:
    """The findings that are left, one for each fault. Folders of the others go into their `also`."""
    left = []
    for leader, *others in group(found):
        for other in others:
            if other.identity != leader.identity and other.identity not in leader.also_seen_as:
                leader.also_seen_as.append(other.identity)
            place = os.path.join(leader.folder, "also", os.path.basename(other.folder))
            while os.path.exists(place):
                place += "+"
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.move(other.folder, place)
            leader.after_seconds = min(leader.after_seconds, other.after_seconds)
        left.append(leader)
    return left


def place_by_identity(found: list[Finding], folder: str) -> None:
    """Renames the folders of findings whose identity became another during triage."""
    for finding in found:
        wanted = os.path.join(folder, findings.folder_name(finding.identity))
        if os.path.dirname(finding.folder) == folder and finding.folder != wanted and not os.path.exists(wanted):
            os.rename(finding.folder, wanted)
            finding.folder = wanted
