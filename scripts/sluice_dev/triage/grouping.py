"""Groups the findings of one fault. A merged finding is not reported alone, so in doubt two groups stay two.

One fault is found by many programs, and one program breaks many rules. Three things make a fault one finding:
  - a program counts for the first rule that it breaks (the target suppresses programs whose first finding is known);
  - shrinking preserves that first rule;
  - this file merges findings by evidence.

The best evidence, for and against, is the divergence (fuzz/oracle/divergence.h): the boundaries around it, or the expected and the actual
operation in the same caller. If two findings have one, nothing else counts. (Exception: a wrong charge, which a byte limit shows later.)
Otherwise, as for most crashes and for findings that only V8 shows, two findings are merged if:
  - one did not reproduce, and its input was the other finding each time;
  - the shrunk programs are equal except for names and values;
  - each minimised program also violates the other's rule (only V8 shows both: one of them does, in the same step);
  - they break the same rule in two steps, and core code ran in both steps, or only V8 shows both;
  - only V8 shows both, in the same method, unless both are wrong JavaScript state or a wrong charge;
  - JavaScript has another of a writer's promises than the core, and user code gets it;
  - one program, without its byte limit, has the other's wrong charge;
  - two sanitizer reports have one kind and one innermost frame, and the core diverged before both or before neither;
  - one was found in V8, and its program shows the other without V8;
  - one crashed, with no earlier finding, in the operation in which the other diverges;
  - byte inputs: many inputs that differ in one byte from one finding's are the other;
  - an assert of the standard failed before the crash;
  - one program contains the other, runs nearly the same code, and breaks no other rule, or only the trace. (Such a finding joins one group,
    and never joins two groups.)
All findings that never reproduced are one finding: one overwritten byte crashes in a hundred functions.
"""

import os
import re
import shutil

from sluice_dev.triage import findings

# The earlier names the group.
_STRENGTH = ("assert", "invariant", "asan", "ubsan", "slots", "model", "history", "ownership", "leak", "timeout", "oom", "codec",
             "determinism", "state", "model-assert")

# Of the blocks of code that ran in either of two steps, the share that must have run in both.
_NEARLY_THE_SAME = 0.5

_WITHOUT_V8 = "without V8, the program of the one does what the other does"
IN_V8_ALONE = "V8 alone"  # as `sluice-fuzz divergences` says it
# Of the inputs that differ in a byte from that of a finding and break anything, the share that must be the other.
_MANY_NEIGHBOURS = 0.25

# Equivalent rules, which different observations break: [[PromiseIsHandled]] is a slot of a writer's promise, and a report otherwise; a
# rejection shows in a reaction, or in the report of an unhandled one; a writer's promise is read or watched; a method of the stream or of
# a writer performs the operation.
_THE_SAME = (("invariant/I-REJECTED-READY-HANDLED", "slots/readyPromise handled", "slots/released writer's readyPromise handled", "model/unhandled-ready"),
             ("invariant/I-REJECTED-CLOSED-HANDLED", "slots/closedPromise handled", "slots/released writer's closedPromise handled",
              "model/unhandled-closed"),
             *((f"model/unhandled-{method}", f"model/settled-fulfilled-{method}") for method in ("write", "close", "abort")),
             ("model/result-abort", "model/result-streamAbort"),
             ("model/result-close", "model/result-streamClose", "model/result-closeWithErrorPropagation"),
             ("model/result-getWriter", "model/result-constructWriter"),
             ("model/property-ready", "model/result-watchReady"), ("model/property-closed", "model/result-watchClosed"))
# A promise that user code never got.
_OF_NOBODY = {"model/unhandled": ("invariant/I-REJECTED-READY-HANDLED", "invariant/I-REJECTED-CLOSED-HANDLED")}
# Only V8 shows these: JavaScript has another promise than the core. An inspection or user code sees it, in any step.
_IN_JAVASCRIPT = {"ownership/JavaScript's ready promise is as the core believes": ("model/property-ready", "model/result-watchReady"),
                  "ownership/JavaScript's closed promise is as the core believes": ("model/property-closed", "model/result-watchClosed")}
# Steps without information about the cause: an earlier fault of JavaScript runs on, or is read.
_OF_NO_METHOD = ("microtasks", "readWriter", "readStream", "watchReady", "watchClosed", "")
# AddressSanitizer's names for a wrong access to memory.
_ACCESSES = ("heap-use-after-free", "heap-buffer-overflow", "use-after-poison", "container-overflow", "stack-use-after-scope",
             "stack-buffer-overflow", "global-buffer-overflow", "dynamic-stack-buffer-overflow", "unknown-crash")
# Rules about the charge of a chunk, with any limit.
_OF_CHARGES = re.compile(r"invariant/I-BYTES-SUM@|slots/charge")


def canonical(program):
    """The program without names, values and comments: its operations in order."""
    lines = []
    for line in program.splitlines():
        line = re.sub(r'"(?:[^"\\]|\\.)*"(?: \* \d+)?', "CHUNK", line)
        line = re.sub(r"(?:^|\s)#.*", "", line)
        line = re.sub(r"\b(?:buffer|shared|view)\(\d+\)(?:#\d+)?|\bobject(?:#\d+)?", "CHUNK", line)
        line = re.sub(r"\bw\d\b", "w", line)
        line = re.sub(r"\br\d\b", "r", line)
        line = re.sub(r"-?\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b|\bNaN\b|-?\bInfinity\b", "N", line)
        if line.strip():
            lines.append(line.strip())
    return "\n".join(lines)


def _holds(larger, smaller):
    lines = iter(canonical(larger.program).splitlines())
    return all(line in lines for line in canonical(smaller.program).splitlines())


def _is_in_every_program(finding):
    """Whether every program shows it. Then another program that shows it is no evidence."""
    return finding.shrunk and finding.reads_programs and not canonical(finding.program)


def _code_in_common(a, b):
    """The share of code that ran in both steps, of the code that ran in either; None if one is unknown."""
    if not a.code or not b.code:
        return None
    return len(set(a.code) & set(b.code)) / len(set(a.code) | set(b.code))


def rule_of(identity):
    """Without the step."""
    return identity.split("@", 1)[0]


def _step(finding):
    return finding.identity.partition("@")[2]


def _strength(finding):
    oracle = finding.identity.split("/", 1)[0]
    return _STRENGTH.index(oracle) if oracle in _STRENGTH else len(_STRENGTH)


def _breaks(finding, identity):
    return identity in finding.shows or rule_of(identity) in finding.shows


def _place(finding):
    """The two boundaries around the divergence; empty if they are unknown."""
    return finding.diverges_at if finding.shrunk and " " in finding.diverges_at else ""


def _kind(identity):
    """The kind of report. One wrong access may hit freed, poisoned or foreign memory."""
    kind = identity.split("/")[:-1]
    return "access" if any(part in _ACCESSES for part in kind) else kind


def _at(frames):
    """The innermost frame that may be at fault: not the simulated host, which only looks up names."""
    return next((frame for frame in frames if " src/sim/" not in frame), "")


def _is_same_report(identity, frames, crash):
    return _kind(identity) == _kind(crash.identity) and bool(_at(frames)) and _at(frames) == _at(crash.frames)


def operation_of(place):
    """The operation of a divergence; empty outside of operations, where one fault has many divergences."""
    match = re.match(r"(?:the begin of |the return from )(.+)|(.+), after the (?:begin|end) of ", place)
    return (match[1] or match[2]) if match else ""


def _crashed_in(crash, oracle):
    """Whether it crashed, with no earlier finding, in the operation in which the other diverges."""
    operation = operation_of(_place(oracle))
    if not operation or not crash.shrunk or crash.diverges_at or not _at(crash.frames):
        return False
    function, file = _at(crash.frames).split(" ", 1)
    if method := re.fullmatch(r"(stream|writer)\.(\w+)\(\)", operation):
        # Class steps have the method's name; those of streams and of writers are told apart by who performs them.
        other = "Stream" if method[1] == "writer" else "Writer"
        name = method[2][0].upper() + method[2][1:]
        return function == name and "/class_steps.cc:" in file and not any(frame.startswith(f"{other}{name} ") for frame in crash.frames)
    return function == operation


def _is_without_v8(finding, other):
    core = finding.without_v8
    return bool(core) and (core["identity"] == other.identity or _is_same_report(core["identity"], core["frames"], other))


def _is_next_to(finding, other):
    """Whether many inputs next to that of `finding` are the other. With another fault, few would be: most are `finding` still."""
    count = finding.neighbours.get(other.identity, 0)
    return finding.target == other.target and count >= 2 and count >= _MANY_NEIGHBOURS * sum(finding.neighbours.values())


def _are_settled_in_reactions(a, b):
    """Whether both are wrong settlements in a reaction to a sink's promise, outside of methods."""
    return all(_step(finding) == "microtasks" and rule_of(finding.identity).startswith("model/settled-") for finding in (a, b))


def fault_of(finding):
    """The key of its fault: the operation of the divergence, or if only V8 shows it, the rule. Empty if there is none."""
    return fault_at(finding.identity, IN_V8_ALONE if _is_in_v8(finding) else finding.diverges_at if finding.shrunk else "")


def fault_at(identity, place):
    return f"{place}, {rule_of(identity)}" if place == IN_V8_ALONE else operation_of(place)


def _is_masked_by(finding, other):
    """Whether masked_bugs.py made it because it is another fault than `other` with the same identity."""
    return bool(finding.place) and finding.place != other.place and finding.identity == other.identity and (
        fault_at(finding.identity, finding.place) != (fault_of(other) or operation_of(other.diverges_at)))


def _either_way(evidence, a, b):
    return evidence(a, b) or evidence(b, a)


def _was_each_time(finding, other):
    return finding.never_again and finding.others == {other.identity: finding.tries}


def _diverge_alike(a, b):
    """Whether they have the same divergence, or the same expected and actual operation in the same caller."""
    if not _place(a) or not _place(b):
        return False
    return _place(a) == _place(b) or (bool(a.diverges_by) and a.diverges_by == b.diverges_by and operation_of(_place(a)) == operation_of(_place(b)) != "")


def _diverge_elsewhere(a, b):
    if _either_way(_is_masked_by, a, b):
        return True
    return bool(_place(a) and _place(b)) and not _diverge_alike(a, b) and not _either_way(_is_its_charge, a, b)


def why_same(a, b):
    """The evidence that merges two findings, as text; empty if there is none."""
    if _diverge_elsewhere(a, b):
        return ""
    if a.identity == b.identity:
        return "the same identity"
    if _either_way(_is_next_to, a, b):
        return "many inputs next to the one are the other"
    if a.is_codec or b.is_codec:
        return ""
    if _either_way(_was_each_time, a, b):
        return "each time that its input ran again, it was the other"
    if a.never_again and b.never_again:
        return "neither happened again"
    if a.never_again or b.never_again:
        return ""
    if _diverge_alike(a, b):
        return "the core diverges from the standard at the same place"
    same_program = a.shrunk and b.shrunk and a.kind == b.kind and canonical(a.program) == canonical(b.program)
    if same_program and _code_in_common(a, b) != 0:
        return "the same program up to names and values"
    if a.from_oracle and b.from_oracle:
        return _why_same_oracle(a, b)
    if a.from_oracle != b.from_oracle:
        crash, oracle = (b, a) if a.from_oracle else (a, b)
        if _crashed_in(crash, oracle):
            return "it crashed in the operation in which the other diverges from the standard"
        if _is_without_v8(crash, oracle):
            return _WITHOUT_V8
        # Another rule may be broken by another fault, which a program that is long enough to crash shows too.
        if not oracle.identity.startswith("assert/") or _is_in_every_program(oracle):
            return ""
        return "it was broken before the crash" if _breaks(crash, rule_of(oracle.identity)) and crash.kind == "crash" else ""
    one_diverges = a.shrunk and b.shrunk and bool(_place(a)) != bool(_place(b))
    if _is_same_report(a.identity, a.frames, b) and not one_diverges:
        return "the same report at the same place"
    if _either_way(_is_without_v8, a, b):
        return _WITHOUT_V8
    return ""


def _why_same_rule(a, b):
    first, second = rule_of(a.identity), rule_of(b.identity)
    if _is_in_v8(a) != _is_in_v8(b):
        return ""  # a fault of the core and one of the binding
    common = set(a.code) & set(b.code)
    if second in _OF_NOBODY.get(first, ()) or first in _OF_NOBODY.get(second, ()):
        return "a rejection that nobody need handle is reported, and code that ran in both steps" if common else ""
    if first != second and not any(first in rules and second in rules for rules in _THE_SAME):
        return ""
    if _is_in_v8(a):
        return "the same rule in V8"  # the core's code is not at fault
    return "the same rule, and code that ran in both steps" if common or not a.code or not b.code else ""


def _is_its_charge(limited, charged):
    """Whether a byte limit accepted or rejected a write wrongly because of a wrong charge."""
    return _is_of_charges(charged) and charged.identity in limited.shows_without_limit


def _is_in_v8(finding):
    """Whether the core does not break this rule without V8."""
    return (finding.target == "v8_binding_fuzzer" and finding.shrunk and finding.from_oracle and not finding.diverges_at
            and not finding.core_too and not finding.without_v8)


def _is_kept(finding):
    """Whether JavaScript keeps something wrongly. That is looked into at each step, and comes before all else there."""
    return finding.identity.startswith("ownership/JavaScript")


def _is_of_charges(finding):
    return bool(_OF_CHARGES.match(finding.identity))


def _is_of_javascript(looked_into, seen):
    return seen.target == looked_into.target and not _place(seen) and rule_of(seen.identity) in _IN_JAVASCRIPT.get(rule_of(looked_into.identity), ())


def _why_same_oracle(a, b):
    if evidence := _why_same_rule(a, b):
        return evidence
    if rule_of(a.identity) == rule_of(b.identity):
        return ""
    if _is_in_v8(a) and _is_in_v8(b) and _step(a) == _step(b):
        if _breaks(a, b.identity) or _breaks(b, a.identity):
            return "V8 alone shows one in the program of the other"
        may_be_one = not (_is_kept(a) and _is_kept(b)) and _is_of_charges(a) == _is_of_charges(b)
        if (_step(a) not in _OF_NO_METHOD and may_be_one) or _are_settled_in_reactions(a, b):
            return "V8 alone shows both in the same method"
    if _either_way(_is_without_v8, a, b):
        return _WITHOUT_V8
    if _either_way(_is_of_javascript, a, b):
        return "JavaScript has another promise than the core means"
    if _either_way(_is_its_charge, a, b):
        return "without its byte limit, one is charged as wrongly as the other"
    if a.shrunk and b.shrunk and _breaks(a, b.identity) and _breaks(b, a.identity):
        return "each shows the other"
    return ""


def why_explained(finding, members):
    """The evidence that `finding` is what `members`, which are one fault, bring with them; empty if there is none."""
    if not finding.from_oracle or not finding.shrunk or finding.is_codec:
        return ""
    broken = set(finding.shows) - {finding.identity}
    known = {identity for member in members for identity in (member.identity, *member.shows)}
    for member in members:
        if _diverge_elsewhere(finding, member):
            continue
        if not member.from_oracle or not member.shrunk or _is_in_every_program(member) or not _holds(finding, member):
            continue
        common = _code_in_common(finding, member)
        if broken and broken <= known and (common is None or common >= _NEARLY_THE_SAME):
            return f"its program holds that of {member.identity} and breaks nothing else"
        if finding.identity.startswith("model/") and _strength(member) <= _strength(finding) and (common or 0) >= _NEARLY_THE_SAME:
            return f"its program holds that of {member.identity}, and the same code ran"
    return ""


def group(found):
    """Lists of findings, one for each fault; the first of each list names it. In the order in which they were found."""
    groups = []
    for finding in sorted(found, key=lambda f: (_strength(f), f.after_seconds)):
        same = [members for members in groups if any(why_same(member, finding) for member in members)]
        if any(_diverge_elsewhere(a, b) for i, members in enumerate(same) for a in members for other in same[i + 1:] for b in other):
            same = same[:1]  # it is one of two faults, and does not make them one
        groups = [members for members in groups if members not in same] + [[*sum(same, []), finding]]
    joined = True
    while joined:  # the last of a group to explain another one may itself have been explained
        joined = False
        for alone in [members for members in groups if len(members) == 1]:
            others = [members for members in groups if members is not alone]
            if explaining := next((members for members in others if why_explained(alone[0], members)), None):
                explaining.append(alone[0])
                groups.remove(alone)
                joined = True
                break
    return sorted(groups, key=lambda members: min(f.after_seconds for f in members))


def merge(found):
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


def place_by_identity(found, folder):
    """Renames the folders of findings whose identity became another as they were looked into."""
    for finding in found:
        wanted = os.path.join(folder, findings.folder_name(finding.identity))
        if os.path.dirname(finding.folder) == folder and finding.folder != wanted and not os.path.exists(wanted):
            os.rename(finding.folder, wanted)
            finding.folder = wanted
