"""Prints the results of bench_javascript: medians, spreads, ratios, and how a queue's length slows its writes."""

import statistics

from sluice_dev.bench.javascript import Case, Cell, Results


NOISY = 0.3  # as spread() has it


def baseline(results: Results) -> str:
    """The name of the runtime that ratios are to: Sluice, Node 20, or the first; but one that measured something."""
    names = [runtime["name"] for runtime in results.runtimes]
    measured = [name for name in names if any(median(row[name]) is not None for row in results.cells.values())]
    return next((name for name in ("sluice", "node20") if name in measured), (measured or names)[0])


def title_of(results: Results, name: str) -> str:
    return next(runtime["title"] for runtime in results.runtimes if runtime["name"] == name)


def median(cell: Cell) -> float | None:
    """None when it has no value that counts: a cell that failed in a later round has none."""
    return statistics.median(cell.values) if cell.values and not cell.over else None


def spread(cell: Cell) -> float:
    """From the slowest to the fastest, as a part of the median."""
    middle = median(cell)
    return (max(cell.values) - min(cell.values)) / abs(middle) if middle else 0.0


def ratio(results: Results, key: str, name: str) -> float | None:
    """How many times the baseline's value this one is; None when either has none."""
    mine, base = median(results.cells[key][name]), median(results.cells[key][baseline(results)])
    return mine / base if mine is not None and base else None


def rounds_of(results: Results) -> str:
    return f"Medians of {results.rounds} rounds" if results.rounds > 1 else "One round"


def number(value: float) -> str:
    """Three digits that count, no more."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def reason(cell: Cell) -> str:
    """Why there is no number."""
    if cell.failed:
        return f"FAILED: {cell.failed}"
    return cell.unfinished or cell.absent or "not measured"


def table(results: Results) -> str:
    base = title_of(results, baseline(results))
    lines = [f"{rounds_of(results)}, interleaved, each in a process of its own, warmed up; on {results.machine}.",
             "Spread: from the slowest round to the fastest, as a part of the median.",
             f"Ratio: the runtime's figure as a multiple of {base}'s; more is better for rates, less for memory.", ""]
    lines += [f"  {runtime['title']:21} {runtime['version']}" for runtime in results.runtimes]
    lines += [f"  {name:21} left out: {why}" for name, why in results.left_out.items()]
    for case in results.cases:
        lines += ["", f"{case.letter}  {case.title}  ({case.unit})"]
        for runtime in results.runtimes:
            cell = results.cells[case.key][runtime["name"]]
            middle, times = median(cell), ratio(results, case.key, runtime["name"])
            if middle is None:
                lines.append(f"   {runtime['title']:21} {'-':>9}   {reason(cell)}")
                continue
            shown_spread = f"spread {spread(cell):4.0%}" if len(cell.values) > 1 else ""
            multiple = "" if times is None else f"{number(times):>8} x"
            lines.append(f"   {runtime['title']:21} {number(middle):>9}   {shown_spread}  {multiple}")
    return "\n".join(lines + growth(results) + noise(results)) + "\n"


def noise(results: Results) -> list[str]:
    """A warning when rates differ so much from round to round that small ratios mean nothing."""
    spreads = [spread(cell) for case in results.cases if not case.memory for cell in results.cells[case.key].values()
               if median(cell) is not None and len(cell.values) > 1]
    middle = statistics.median(spreads) if spreads else 0
    if middle <= NOISY:
        return []
    return ["", f"This machine was busy: half of the rates differ by more than {middle:.0%} from round to round. Measure again when "
            "nothing else runs."]


def queues(results: Results) -> list[Case]:
    """The cases of `f`, from the shortest queue to the longest."""
    return sorted((case for case in results.cases if case.letter == "f"), key=lambda case: case.count)


def growth(results: Results) -> list[str]:
    """Nanoseconds that a write takes as its queue grows: the same for all lengths, unless something is quadratic."""
    cases = queues(results)
    if len(cases) < 2:
        return []
    lines = ["", "f  nanoseconds per write, by the length of the queue; last, how much slower the longest is than the shortest",
             f"   {'':21} " + " ".join(f"{case.count:>13,}" for case in cases)]
    for runtime in results.runtimes:
        rates = [median(results.cells[case.key][runtime["name"]]) for case in cases]
        cells = [f"{1e6 / rate:>13,.0f}" if rate else f"{'-':>13}" for rate in rates]
        slower = f"{number(rates[0] / rates[-1]):>8} x" if rates[0] and rates[-1] else ""
        lines.append(f"   {runtime['title']:21} {' '.join(cells)} {slower}")
    return lines


def failures(results: Results) -> int:
    return sum(bool(cell.failed) for row in results.cells.values() for cell in row.values())
