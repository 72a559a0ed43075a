"""Draws the results of bench_javascript as one SVG: rates as bars, the growth of a queue as lines, memory as bars.

    draw(results, Path("chart.svg"))   # False, and no file, when matplotlib is missing
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sluice_dev.bench import report as bench_report
from sluice_dev.bench.javascript import Case, Cell, Results

# One for each runtime in every panel: which the colour-blind distinguish too (Okabe and Ito's set, with two greys).
COLOURS = {
    "sluice": "#D55E00", "node20": "#0072B2", "node26": "#56B4E9", "deno": "#222222", "bun": "#CC79A7", "workerd": "#E69F00",
    "polyfill": "#009E73", "polyfill-in-sluice": "#8FD0B9", "chromium": "#999999",
}
GAP = 1.5  # between groups of bars, in bars
LABELS = {
    "a": "a  100,000 writes,\nnone awaited", "b": "b  100,000 writes,\neach awaited",
    "c": "c  100,000 writes, each\nafter writer.ready", "d": "d  streams: create,\nwrite, close",
    "e": "e  as a, with\nan async sink", "g": "g  a stream,\nas told", "g-resident": "g  a stream,\nresident", "h": "h  a queued write,\nas told",
    "h-resident": "h  a queued write,\nresident",
    "hello": "hello", "writes": "1,000 writes,\neach awaited",
}
INK = "#333333"


def _why_short(cell: Cell) -> str:
    if cell.failed:
        return "failed"
    return "too slow" if cell.unfinished else "not known"


def _bars(axes: Any, results: Results, cases: Sequence[Case], unit: str) -> None:
    """Groups of bars on a logarithmic scale; on each its ratio to the baseline, or why it is not there."""
    base = bench_report.baseline(results)
    count = len(results.runtimes)
    values = [bench_report.median(results.cells[case.key][runtime["name"]]) for case in cases for runtime in results.runtimes]
    positive = [value for value in values if value and value > 0]
    floor = 10 ** math.floor(math.log10(min(positive, default=1) / 2))
    axes.set_yscale("log")
    axes.set_ylim(floor, max(positive, default=10) * 4)
    for group, case in enumerate(cases):
        for place, runtime in enumerate(results.runtimes):
            name = runtime["name"]
            cell = results.cells[case.key][name]
            value = bench_report.median(cell)
            x = group * (count + GAP) + place
            if value is None or value <= 0:
                axes.text(x, floor * 1.15, _why_short(cell), rotation=90, ha="center", va="bottom", fontsize=7.5,
                          color=COLOURS[name], style="italic")
                continue
            low, high = min(cell.values), max(cell.values)
            axes.bar(x, value, 0.86, color=COLOURS[name], zorder=2)
            if high > low:
                axes.errorbar(x, value, [[value - max(low, floor)], [high - value]], color="#888888", linewidth=0.9, capsize=1.5, zorder=3)
            times = bench_report.ratio(results, case.key, name)
            label = "1" if name == base else "" if times is None else f"{_short(times)}×"
            axes.text(x, high * 1.16, label, rotation=90, ha="center", va="bottom", fontsize=8, color=INK,
                      fontweight="bold" if name == base else "normal")
    axes.set_xticks([group * (count + GAP) + (count - 1) / 2 for group in range(len(cases))],
                    [LABELS.get(case.key, case.title) for case in cases], fontsize=9)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-1 - GAP / 2, len(cases) * (count + GAP) - GAP / 2)
    axes.set_ylabel(unit)
    _scale(axes)


def _short(times: float) -> str:
    return f"{times:,.0f}" if times >= 10 else f"{times:.2g}"


def _scale(axes: Any) -> None:
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    axes.grid(axis="y", which="major", color="#dddddd", linewidth=0.8, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)


def _lines(axes: Any, results: Results) -> None:
    """Nanoseconds per write by the length of the queue, both logarithmic: what is linear is level."""
    cases = bench_report.queues(results)
    everything = []
    axes.set_xscale("log")
    axes.set_yscale("log")
    for runtime in results.runtimes:
        name = runtime["name"]
        points = []
        for case in cases:
            rate = bench_report.median(results.cells[case.key][name])
            if rate:
                points.append((case.count, 1e6 / rate))
        if not points:
            continue
        everything += [value for _, value in points]
        axes.plot(*zip(*points), marker="o", markersize=4, color=COLOURS[name], linewidth=2 if name == "sluice" else 1.5)
        broken = next((results.cells[case.key][name] for case in cases[len(points):]), None)
        if broken is not None:
            axes.annotate(f"{runtime['title']}: {broken.unfinished or 'failed'}", points[-1], (7, -4), textcoords="offset points",
                          fontsize=8, backgroundcolor="white", color=COLOURS[name])
    axes.set_xticks([case.count for case in cases], [f"{case.count:,}" for case in cases])
    axes.minorticks_off()
    if everything:
        axes.set_ylim(10 ** math.floor(math.log10(min(everything))), max(everything) * 2)
    axes.set_xlabel("writes in the queue")
    axes.set_ylabel("nanoseconds per write")
    axes.set_title("f  Longer queues: level is linear; less is better", loc="left", fontsize=11)
    _scale(axes)


def draw(results: Results, file: Path) -> bool:
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
        from matplotlib.patches import Patch
    except ImportError:
        return False
    # The same results give the same bytes, and text is outlines, so that it looks alike everywhere.
    matplotlib.rcParams.update({"svg.hashsalt": "sluice", "svg.fonttype": "path", "font.family": "DejaVu Sans", "font.size": 9,
                                "axes.edgecolor": "#888888", "text.color": INK, "axes.labelcolor": INK})
    rates = [case for case in results.cases if not case.memory and case.letter != "f"]
    memory = [case for case in results.cases if case.memory]
    growth = bench_report.queues(results)
    panels = [panel for panel, there in (("rates", rates), ("growth", len(growth) > 1), ("memory", memory)) if there]
    rows = [panels[:1], panels[1:]] if panels[:1] == ["rates"] and len(panels) > 1 else [panels]
    figure = pyplot.figure(figsize=(13, 1.3 + 4.1 * len(rows)))
    grid = figure.add_gridspec(len(rows), 12, left=0.065, right=0.985, bottom=0.07 if len(rows) > 1 else 0.13,
                               top=1 - 1.35 / figure.get_figheight(), hspace=0.38, wspace=2.2)
    base = bench_report.title_of(results, bench_report.baseline(results))
    for row, names in enumerate(rows):
        width = 12 // max(len(names), 1)
        for column, name in enumerate(names):
            axes = figure.add_subplot(grid[row, column * width:(column + 1) * width])
            if name == "rates":
                _bars(axes, results, rates, f"{rates[0].unit} (logarithmic)")
                axes.set_title(f"Speed: more is better; on the bars, multiples of {base}'s", loc="left", fontsize=11)
            elif name == "growth":
                _lines(axes, results)
            else:
                _bars(axes, results, memory, "bytes each (logarithmic)")
                axes.set_title(f"Memory: less is better; on the bars, multiples of {base}'s", loc="left", fontsize=11)
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.3 / height, "Servers, the same endpoints side by side" if rates and rates[0].path else
                "WritableStream, the same JavaScript side by side", fontsize=14, fontweight="bold", va="center")
    whiskers = "whiskers: slowest and fastest; " if results.rounds > 1 else ""
    figure.text(0.985, 1 - 0.3 / height, f"{bench_report.rounds_of(results).lower()}; {whiskers}{results.machine}",
                fontsize=8, ha="right", va="center", color="#666666")
    figure.legend(handles=[Patch(color=COLOURS[runtime["name"]], label=f"{runtime['title']}  {runtime['version'].split(' on ')[0]}")
                           for runtime in results.runtimes],
                  loc="center left", bbox_to_anchor=(0.005, 1 - 0.72 / height), ncols=len(results.runtimes), frameon=False,
                  fontsize=8.5, handlelength=1, columnspacing=1.3, handletextpad=0.5)
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
    return True
