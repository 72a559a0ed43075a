"""The stream's state diagram as SVG, with how often each state and transition was reached (what `sluice-fuzz state-coverage` counted).

States that differ only in backpressure or in a pending abort share a box, and their transitions share an arrow. An unreached one is dashed
and red, with a label.
"""

import dataclasses
import html
from collections.abc import Iterable, Mapping
from typing import Any

W, H = 200, 96  # of a box
C1, C2, C3, C4 = 310, 710, 1110, 1440
R1, R2, R3, R4 = 70, 280, 490, 700  # tops of the rows
WIDTH, HEIGHT = 1580, 838


@dataclasses.dataclass(frozen=True)
class Box:
    title: str
    x: int  # centre
    y: int  # top
    phases: tuple[tuple[str, str], ...]  # (id, how it differs from the others)
    width: int = W


BOXES = {
    "starting": Box("Starting", C1, R1, (("starting", "room"), ("starting-full", "backpressure"))),
    "writing": Box("Write in flight", C2, R1, (("writing", "room"), ("writing-full", "backpressure"))),
    "idle": Box("Idle", C3, R1, (("idle", "room"), ("idle-full", "backpressure"))),
    "starting-closing": Box("Close queued", C1, R2, (("starting-closing", "behind start"),)),
    "writing-closing": Box("Close queued", C2, R2, (("writing-closing", "behind a write"),)),
    "closing": Box("Close in flight", C3, R2, (("closing", "entered"),)),
    "erroring-start": Box("Waits for start", C1, R3, (("erroring-start", "no abort"), ("erroring-start-abort", "abort pending"))),
    "erroring-write": Box("Waits for the write", C2, R3, (("erroring-write", "no abort"), ("erroring-write-abort", "abort pending"))),
    "erroring-close": Box("Waits for the close", C3, R3, (("erroring-close", "no abort"), ("erroring-close-abort", "abort pending"))),
    "errored": Box("Errored", (C1 + C3) // 2 + 20, R4, (("errored", "the end"), ("errored-waiting", "closed waits for sink.abort()")),
                   width=C3 - C1 + W + 100),
    "closed": Box("Closed", C4, R4, (("closed", "the end"),)),
}
BANDS = ((R1 - 54, R3 - 34, "writable"), (R3 - 30, R4 - 34, "erroring"), (R4 - 30, R4 + H + 34, "errored, closed"))

_HALF = W // 2
# (from, to): the path, and where its label begins (x, y, anchor).
_ARROWS: dict[tuple[str, str], tuple[list[tuple[int, int]], tuple[int, int, str]]] = {
    ("none", "starting"): ([(C1 - 60, R1 - 44), (C1 - 60, R1)], (C1 - 70, R1 - 22, "end")),
    ("starting", "writing"): ([(C1 + _HALF, R1 + 60), (C2 - _HALF, R1 + 60)], ((C1 + C2) // 2, R1 + 54, "middle")),
    ("starting", "idle"): ([(C1 + 40, R1), (C1 + 40, R1 - 24), (C3, R1 - 24), (C3, R1)], ((C1 + C2) // 2 + 40, R1 - 30, "middle")),
    ("writing", "idle"): ([(C2 + _HALF, R1 + 34), (C3 - _HALF, R1 + 34)], ((C2 + C3) // 2, R1 + 28, "middle")),
    ("idle", "writing"): ([(C3 - _HALF, R1 + 74), (C2 + _HALF, R1 + 74)], ((C2 + C3) // 2, R1 + 68, "middle")),
    ("starting", "starting-closing"): ([(C1 + 60, R1 + H), (C1 + 60, R2)], (C1 + 68, R1 + H + 34, "start")),
    ("writing", "writing-closing"): ([(C2 + 20, R1 + H), (C2 + 20, R2)], (C2 + 28, R1 + H + 34, "start")),
    ("idle", "closing"): ([(C3 + 20, R1 + H), (C3 + 20, R2)], (C3 + 28, R1 + H + 34, "start")),
    ("starting-closing", "writing-closing"): ([(C1 + _HALF, R2 + 60), (C2 - _HALF, R2 + 60)], (C1 + _HALF + 72, R2 + 54, "middle")),
    ("starting-closing", "closing"): ([(C1 + 85, R2), (C1 + 85, R2 - 22), (C3 - 60, R2 - 22), (C3 - 60, R2)],
                                      (C1 + 160, R2 - 28, "middle")),
    ("writing-closing", "closing"): ([(C2 + _HALF, R2 + 34), (C3 - _HALF, R2 + 34)], ((C2 + C3) // 2 + 14, R2 + 28, "middle")),
    ("closing", "closed"): ([(C3 + _HALF, R2 + 48), (C4 + 30, R2 + 48), (C4 + 30, R4)], (C4 + 24, R2 + 42, "end")),
    ("starting", "erroring-start"): ([(C1 - _HALF, R1 + 74), (C1 - 128, R1 + 74), (C1 - 128, R3 - 24), (C1 - 60, R3 - 24), (C1 - 60, R3)],
                                     (C1 - 120, R1 + H + 26, "start")),
    ("starting-closing", "erroring-start"): ([(C1 + 20, R2 + H), (C1 + 20, R3)], (C1 + 28, R2 + H + 30, "start")),
    ("writing", "erroring-write"): ([(C2 + 70, R1 + H), (C2 + 70, R1 + H + 16), (C2 + 128, R1 + H + 16), (C2 + 128, R3 - 24),
                                     (C2 + 70, R3 - 24), (C2 + 70, R3)], (C2 + 136, R1 + H + 32, "start")),
    ("writing-closing", "erroring-write"): ([(C2 + 20, R2 + H), (C2 + 20, R3)], (C2 + 28, R2 + H + 30, "start")),
    ("closing", "erroring-close"): ([(C3 + 20, R2 + H), (C3 + 20, R3)], (C3 + 28, R2 + H + 30, "start")),
    ("idle", "errored"): ([(C3 + _HALF, R1 + 48), (C3 + 140, R1 + 48), (C3 + 140, R4)], (C3 + 148, R1 + 44, "start")),
    ("starting", "errored"): ([(C1 - _HALF, R1 + 40), (60, R1 + 40), (60, R4 + 60), (BOXES["errored"].x - BOXES["errored"].width // 2, R4 + 60)],
                              (C1 - _HALF - 8, R1 + 34, "end")),
    ("starting-closing", "errored"): ([(C1 - _HALF, R2 + 60), (110, R2 + 60), (110, R4 + 34),
                                       (BOXES["errored"].x - BOXES["errored"].width // 2, R4 + 34)], (C1 - 136, R2 + 54, "end")),
    ("writing", "errored"): ([(C2 - 70, R1 + H), (C2 - 70, R1 + H + 16), (C2 - 150, R1 + H + 16), (C2 - 150, R4)],
                             (C2 - 142, R1 + H + 34, "start")),
    ("writing-closing", "errored"): ([(C2 - 70, R2 + H), (C2 - 70, R2 + H + 16), (C2 - 130, R2 + H + 16), (C2 - 130, R4)],
                                     (C2 - 124, R2 + H + 34, "start")),
    ("closing", "errored"): ([(C3 - 70, R2 + H), (C3 - 70, R2 + H + 16), (C3 - 150, R2 + H + 16), (C3 - 150, R4)],
                             (C3 - 142, R2 + H + 34, "start")),
    ("erroring-start", "errored"): ([(C1, R3 + H), (C1, R4)], (C1 + 8, R3 + H + 40, "start")),
    ("erroring-write", "errored"): ([(C2, R3 + H), (C2, R4)], (C2 + 8, R3 + H + 40, "start")),
    ("erroring-close", "errored"): ([(C3, R3 + H), (C3, R4)], (C3 + 8, R3 + H + 40, "start")),
    ("erroring-close", "closed"): ([(C3 + _HALF, R3 + 48), (C4 - 50, R3 + 48), (C4 - 50, R4)], (C4 - 44, R3 + 44, "start")),
}


def box_of(phase: str) -> str:
    return next((name for name, box in BOXES.items() if any(phase == other for other, _ in box.phases)), "none")


@dataclasses.dataclass
class _Way:
    """What leads along one arrow for one cause."""

    count: int = 0
    ways: int = 0
    never: int = 0


def arrows(transitions: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], dict[str, _Way]]:
    """{(from box, to box): {cause: _Way}} for what goes from one box to another."""
    result: dict[tuple[str, str], dict[str, _Way]] = {}
    for t in transitions:
        pair = box_of(t["from"]), box_of(t["to"])
        if pair[0] == pair[1]:
            continue
        way = result.setdefault(pair, {}).setdefault(t["cause"], _Way())
        way.count += t["count"]
        way.ways += 1
        way.never += t["count"] == 0
    return result


def _arrow(pair: tuple[str, str], ways: Mapping[str, _Way]) -> str:
    path, (x, y, anchor) = _ARROWS[pair]
    total = sum(way.count for way in ways.values())
    style = "never" if total == 0 else "reached"
    weight = 1.2 if total == 0 else min(1.2 + 0.35 * len(str(total)), 4)
    points = " ".join(f"{a},{b}" for a, b in path)
    parts = [f'<polyline class="arrow {style}" style="stroke-width:{weight:.2f}" points="{points}" marker-end="url(#{style})"/>',
             f'<text class="label" text-anchor="{anchor}" x="{x}" y="{y}">']
    for i, (cause, way) in enumerate(ways.items()):
        if way.count == 0:
            shown = f'{html.escape(cause)} <tspan class="never">✕ never</tspan>'
        else:
            part = f' <tspan class="never">({way.never} of {way.ways} ✕)</tspan>' if way.never else ""
            shown = f'{html.escape(cause)} <tspan class="count">{way.count:,}</tspan>{part}'
        parts.append(f'<tspan x="{x}" dy="{17 if i else 0}">{shown}</tspan>')
    parts.append("</text>")
    return "".join(parts)


def _box(box: Box, counts: Mapping[str, int]) -> str:
    never = all(counts.get(phase, 0) == 0 for phase, _ in box.phases)
    left = box.x - box.width // 2
    parts = [f'<rect class="box{" never" if never else ""}" x="{left}" y="{box.y}" width="{box.width}" height="{H}" rx="10"/>',
             f'<text class="title" x="{box.x}" y="{box.y + 28}" text-anchor="middle">{html.escape(box.title)}</text>']
    for i, (phase, how) in enumerate(box.phases):
        count = counts.get(phase, 0)
        y = box.y + 54 + 22 * i
        shown = f"{count:,}" if count else "✕ never"
        style = "count" if count else "never"
        name = f"{html.escape(how)} " if how else ""
        parts.append(f'<text class="phase" x="{box.x}" y="{y}" text-anchor="middle">{name}<tspan class="{style}">{shown}</tspan></text>')
    return "".join(parts)


def plain() -> str:
    """Without counts: each box has data-phases, and each of its phases an element with data-phase, for a script to mark."""
    parts = [f'<svg class="diagram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="State diagram of the stream"><defs>'
             '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerUnits="userSpaceOnUse" markerWidth="12" markerHeight="12" '
             'orient="auto"><path class="head" d="M0,1 L10,5 L0,9 z"/></marker></defs>']
    for top, bottom, name in BANDS:
        parts.append(f'<rect class="band" x="8" y="{top}" width="{WIDTH - 16}" height="{bottom - top}" rx="12"/>'
                     f'<text class="bandname" x="{WIDTH - 24}" y="{bottom - 10}" text-anchor="end">{name}</text>')
    for path, _ in _ARROWS.values():
        points = " ".join(f"{a},{b}" for a, b in path)
        parts.append(f'<polyline class="arrow" points="{points}" marker-end="url(#head)"/>')
    for box in BOXES.values():
        ids = " ".join(phase for phase, _ in box.phases)
        parts.append(f'<rect class="box" data-phases="{ids}" x="{box.x - box.width // 2}" y="{box.y}" width="{box.width}" height="{H}" rx="10"/>'
                     f'<text class="title" x="{box.x}" y="{box.y + 28}" text-anchor="middle">{html.escape(box.title)}</text>')
        for i, (phase, how) in enumerate(box.phases):
            place = f'x="{box.x}" y="{box.y + 54 + 22 * i}"'
            parts.append(f'<text class="phase" data-phase="{phase}" {place} text-anchor="middle">{html.escape(how)}</text>')
    return "".join(parts) + "</svg>"


def diagram(coverage: Mapping[str, Any]) -> str:
    counts = {state["id"]: state["count"] for state in coverage["states"]}
    between = arrows(coverage["transitions"])
    states = sum(state["count"] > 0 for state in coverage["states"])
    reached = sum(t["count"] > 0 for t in coverage["transitions"])
    read_out = (f"State diagram of the stream: {states} of {len(counts)} states and {reached} of {len(coverage['transitions'])} transitions "
            "were reached. The table below has the same numbers.")
    parts = [f'<svg class="diagram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{read_out}"><defs>']
    for style in ("reached", "never"):
        parts.append(f'<marker id="{style}" viewBox="0 0 10 10" refX="9" refY="5" markerUnits="userSpaceOnUse" markerWidth="12" '
                     f'markerHeight="12" orient="auto"><path class="head {style}" d="M0,1 L10,5 L0,9 z"/></marker>')
    parts.append("</defs>")
    for top, bottom, name in BANDS:
        parts.append(f'<rect class="band" x="8" y="{top}" width="{WIDTH - 16}" height="{bottom - top}" rx="12"/>'
                     f'<text class="bandname" x="{WIDTH - 24}" y="{bottom - 10}" text-anchor="end">{name}</text>')
    parts += [_arrow(pair, ways) for pair, ways in between.items()]
    parts += [_box(box, counts) for box in BOXES.values()]
    parts.append("</svg>")
    return "".join(parts)
