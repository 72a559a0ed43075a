"""What two traces of one program differ in, and whether only in the order of events.

    difference = compare(expected_lines, found_lines, offers)
    difference.kind                    # Kind.NONE, ORDER or OUTCOME

Traces are those of fuzz/driver/trace.h as text. A promise's name there is the order in which promises were seen first; here it is where
it comes from ("write#2 of w0"), so that traces with events in another order can be compared.

**At rest** is wherever the program has run all microtasks (`run`). Between two such points the events of both sides are compared as
sorted lists: if they are the same at each, only the order differs, or the number of microtasks that something took.
"""

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import Enum
from itertools import zip_longest

from sluice_dev.runtimes.host import Offers

_PROMISE = re.compile(r"\bp\d+\b")
_ERROR = re.compile(r"\b(TypeError|RangeError|AbortError)#\d+")
_MENTION = re.compile(r"^(?:-> returned|ready =|closed =) (p\d+)$")
# What the program itself chose, and no implementation: left out of patterns.
_CHOICES = ((re.compile(r"\bw\d\b"), "writer"), (re.compile(r"\br\d\b"), "reason"), (re.compile(r"\"[^\"]*\"(?: \* \d+)?"), "chunk"),
            (re.compile(r"\b(?:buffer|shared|view)\(\d+\)(?:#\d+)?"), "chunk"), (re.compile(r"\b(?:object|number)(?:#\d+)?(?=\))"), "chunk"),
            (re.compile(r"\(undefined\)"), "(chunk)"), (re.compile(r" #\d+"), ""), (re.compile(r"#\d+"), ""), (re.compile(r" unobserved"), ""),
            (re.compile(r"= -?(?:\d[\d.e+-]*|NaN|-?Infinity)$"), "= number"))


class Kind(Enum):
    NONE = "none"
    ORDER = "order"
    OUTCOME = "outcome"


@dataclass(frozen=True)
class Event:
    text: str  # without numbers of lines, names of promises by origin
    operation: str  # of the program, in which it happened
    line: int  # from 0


@dataclass
class Window:
    """What happens up to a point at rest."""

    events: list[Event] = field(default_factory=list)


def plain(lines: list[str]) -> list[str]:
    """Trace text has numbers before its lines. workerd gives each internal error a random reference."""
    return [re.sub(r"reference = \w+", "reference = (random)", line[6:] if line[:4].strip().isdigit() else line) for line in lines]


def visible(lines: list[str], offers: Offers) -> list[str]:
    """Without what a runtime does not offer to be seen; errors are numbered as if it had never been."""
    hidden = ([] if offers.unhandled else ["unhandled rejection"]) + ([] if offers.signal else ["signal.", "signal abort"])
    if not hidden:
        return lines
    numbers: dict[str, dict[str, int]] = {}

    def number(match: re.Match[str]) -> str:
        known = numbers.setdefault(match[1], {})
        return f"{match[1]}#{known.setdefault(match[0], len(known) + 1)}"

    return [_ERROR.sub(number, line) for line in lines if not line.strip().startswith(tuple(hidden))]


def windows(lines: list[str]) -> list[Window]:
    """Events by origin, cut where the program is at rest. Lines of `tick` themselves are no events."""
    names: dict[str, str] = {}
    found = [Window()]
    stack: list[str] = []
    count: dict[str, int] = {}
    operation = ""
    for number, line in enumerate(lines):
        text = line.strip()
        depth = (len(line) - len(line.lstrip())) // 2
        ends = text.startswith("-> ")
        if ends:
            opener = stack[depth] if depth < len(stack) else ""
        else:
            del stack[depth:]
            stack.append(text)
            opener = text
            if depth == 0:
                count[text] = count.get(text, 0) + 1
                operation = text
        if mention := _MENTION.match(text):
            # Of a property: the operation that reads it, which is one level up.
            origin = opener if ends else f"{text.split(' =')[0]} by {stack[0]}"
            names.setdefault(mention[1], f"<{origin} @{count.get(stack[0], 0)}>")
        if not re.match(r"tick \d+$", opener):
            named = _PROMISE.sub(lambda match: names.get(match[0], match[0]), text)
            found[-1].events.append(Event(_ERROR.sub(r"\1", named), operation, number))
        if ends and depth == 0 and opener == "run":
            found.append(Window())
    return found


@dataclass(frozen=True)
class Difference:
    kind: Kind
    line: int = 0  # the first that differs, from 0
    expected: str = ""
    found: str = ""
    window: int = 0  # the first with another outcome
    missing: tuple[Event, ...] = ()  # expected there, and not found
    extra: tuple[Event, ...] = ()  # found there, and not expected

    @property
    def signature(self) -> str:
        """Differences of one cause that were shrunk have few of these; none is shared by many causes."""
        first = self.missing[:1] + self.extra[:1]
        if not first:
            return f"another one: -{pattern(self.expected)} / +{pattern(self.found)}"
        operation = pattern(min(first, key=lambda event: event.line).operation)
        return f"in {operation}: " + " / ".join([*("-" + pattern(e.text) for e in self.missing[:1]),
                                                 *("+" + pattern(e.text) for e in self.extra[:1])])


def pattern(text: str) -> str:
    """Without names, chunks, numbers: what differs between programs that do the same."""
    text = re.sub(r"\bp\d+\b", "another promise", re.sub(r"<([^@<>]*) @\d+>", r"<\1>", text))
    for choice, word in _CHOICES:
        text = choice.sub(word, text)
    return text.strip()


def _only_in(one: list[Event], other: list[Event]) -> tuple[Event, ...]:
    left: dict[str, int] = {}
    for event in other:
        left[event.text] = left.get(event.text, 0) + 1
    only = []
    for event in one:
        if left.get(event.text, 0) > 0:
            left[event.text] -= 1
        else:
            only.append(event)
    return tuple(only)


def compare(expected: list[str], found: list[str], offers: Offers = Offers()) -> Difference:
    expected, found = visible(expected, offers), visible(found, offers)
    if expected == found:
        return Difference(Kind.NONE)
    line = next((i for i, (one, other) in enumerate(zip(expected, found)) if one != other), min(len(expected), len(found)))
    ours, theirs = ((side[line].strip() if line < len(side) else "(ended)") for side in (expected, found))
    sides = windows(expected), windows(found)
    for number in range(max(map(len, sides))):
        one, other = (side[number].events if number < len(side) else [] for side in sides)
        missing, extra = _only_in(one, other), _only_in(other, one)
        if missing or extra:
            return Difference(Kind.OUTCOME, line, ours, theirs, number, missing, extra)
    # Every event is where it should be: one took more microtasks, or came in another order; or it is not the same error or promise.
    exact = [_without_ticks(side) for side in (expected, found)]
    anonymous = [[event.text for window in side for event in window.events] for side in sides]
    another_identity = exact[0] != exact[1] and anonymous[0] == anonymous[1]
    return Difference(Kind.OUTCOME if another_identity else Kind.ORDER, line, ours, theirs)


def aligned(one: list[str], other: list[str]) -> list[tuple[str, str]]:
    """Both traces in rows; a line that the other side does not have stands beside an empty one."""
    rows: list[tuple[str, str]] = []
    for kind, from_one, to_one, from_other, to_other in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        left, right = one[from_one:to_one], other[from_other:to_other]
        rows += zip(left, right) if kind == "equal" else zip_longest(left, right, fillvalue="")
    return rows


def _without_ticks(lines: list[str]) -> list[str]:
    kept = []
    in_tick = False
    for line in lines:
        if re.match(r"tick \d+$", line):
            in_tick = True
        elif in_tick and line == "-> done":
            in_tick = False
        else:
            kept.append(line.strip())
    return kept
