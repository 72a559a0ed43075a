"""Line charts as SVG, for pages that need nothing else: colours are the page's (CSS variables), so light, dark and print agree.

    line_chart("executions", [Series("libFuzzer", "a", [(0, 0), (60, 1.8e6)])], width=340, height=150, x_max=60)
"""

import dataclasses
import html
import math
from collections.abc import Sequence


@dataclasses.dataclass
class Series:
    name: str
    style: str  # CSS class: colour, and dashes, so that it does not depend on colour alone
    points: list[tuple[float, float]]  # (seconds, value), ascending


def compact(value: float) -> str:
    """1234567 as 1.23M: three digits are enough beside a line."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}" if isinstance(value, float) and value != int(value) else f"{int(value)}"


def ticks(top: float, count: int = 3) -> list[float]:
    """Round numbers from 0 to at least `top`."""
    if top <= 0:
        return [0, 1]
    rough = top / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)
    if step < 1:
        step = 1
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]


def time_ticks(seconds: float) -> tuple[list[tuple[float, str]], str]:
    """Round times and their names."""
    units = ((1, "s"), (60, "min"), (3600, "h"), (86400, "d"))
    size, unit = next(((s, u) for s, u in reversed(units) if seconds >= 2 * s), units[0])
    return [(value * size, f"{value:g}") for value in ticks(seconds / size, 3) if value * size <= seconds * 1.001], unit


def _thinned(points: list[tuple[float, float]], most: int = 240) -> list[tuple[float, float]]:
    if len(points) <= most:
        return points
    step = len(points) / most
    return [points[int(i * step)] for i in range(most)] + [points[-1]]


def line_chart(title: str, series: Sequence[Series], *, width: int = 340, height: int = 150, x_max: float) -> str:
    """`title` has the unit of the y axis; screen readers read it with the last values."""
    series = [s for s in series if s.points]
    left, right, top, bottom = 44, 62, 8, 30
    y_ticks = ticks(max((y for s in series for _, y in s.points), default=0))
    y_max, x_max = y_ticks[-1], max(x_max, 1)

    def x_of(x: float) -> float:
        return left + (width - left - right) * x / x_max

    def y_of(y: float) -> float:
        return height - bottom - (height - top - bottom) * y / y_max

    read_out = "; ".join(f"{s.name} ends at {compact(s.points[-1][1])}" for s in series) or "nothing yet"
    parts = [f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(f"{title} over time: {read_out}")}">']
    for value in y_ticks:
        y = y_of(value)
        parts.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{y:.1f}" y2="{y:.1f}"/>'
                     f'<text class="tick" x="{left - 5}" y="{y + 3.5:.1f}" text-anchor="end">{compact(value)}</text>')
    marks, unit = time_ticks(x_max)
    for i, (x, name) in enumerate(marks):
        label = f"{name} {unit}" if i == len(marks) - 1 else name
        parts.append(f'<text class="tick" x="{x_of(x):.1f}" y="{height - bottom + 14}" text-anchor="middle">{label}</text>')
    parts.append(f'<line class="axis" x1="{left}" x2="{width - right}" y1="{height - bottom}" y2="{height - bottom}"/>')
    ends: list[tuple[float, float, Series]] = []
    for s in series:
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in _thinned(s.points))
        parts.append(f'<polyline class="line {s.style}" points="{path}"/>')
        x, y = s.points[-1]
        parts.append(f'<circle class="dot {s.style}" cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="2.5"/>')
        ends.append((y_of(y), x_of(x), s))
    # Labels at the ends, moved apart where they would overlap.
    ends.sort(key=lambda end: end[0])
    label_y = -math.inf
    for y, x, s in ends:
        label_y = max(y, label_y + 12)
        parts.append(f'<text class="end {s.style}" x="{x + 6:.1f}" y="{label_y + 3.5:.1f}">{compact(s.points[-1][1])}</text>')
    parts.append("</svg>")
    return "".join(parts)
