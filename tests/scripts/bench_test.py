"""scripts/bench without the network and without measuring: its arithmetic, its table and chart, what it makes of runtimes that crash
or hang, and its complaints.

    bench_test.py [unittest's arguments]
"""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from sluice_dev.bench import bench as bench_command  # noqa: E402
from sluice_dev.bench import building  # noqa: E402
from sluice_dev.bench import javascript  # noqa: E402
from sluice_dev.bench import release  # noqa: E402
from sluice_dev.bench import report as bench_report  # noqa: E402
from sluice_dev.bench import server as bench_server  # noqa: E402
from sluice_dev.runtimes import table as runtimes  # noqa: E402
from sluice_dev.bench.javascript import CASES, Cell, Results  # noqa: E402

PLOTTER = next((python for python in (sys.executable, "/usr/bin/python3")
                if subprocess.run([python, "-c", "import matplotlib"], capture_output=True, check=False).returncode == 0), None)


def case(key):
    return next(case for case in CASES if case.key == key)


def results(cells, rounds=3):
    """`cells`: runtime name -> case key -> values, or a Cell."""
    keys = list(dict.fromkeys(key for row in cells.values() for key in row))
    made = {key: {name: row[key] if isinstance(row[key], Cell) else Cell(values=row[key]) for name, row in cells.items()}
            for key in keys}
    return Results(rounds=rounds, machine="a machine", runtimes=[{"name": name, "title": runtimes.find(name).title, "version": "1.2"}
                                                                 for name in cells],
                   left_out={"bun": "not here"}, cases=[case(key) for key in keys], cells=made)


MIXED = {
    "sluice": {"a": [900, 1000, 1200], "f1e4": [2000], "f1e6": [1900], "h": [100]},
    "node20": {"a": [10, 40, 20], "f1e4": [1000], "f1e6": Cell(unfinished="did not finish in 60 s"), "h": [300]},
    "deno": {"a": Cell(values=[5], failed="killed by SIGSEGV before there was a result"), "f1e4": [3000], "f1e6": [300], "h": [0.5]},
    "chromium": {"a": [500, 500, 500], "f1e4": [10], "f1e6": [10], "h": Cell(absent="does not report its memory")},
}


def bench(*arguments, python=sys.executable):
    return subprocess.run([python, ROOT / "scripts/sluice_dev", "bench", *map(str, arguments)], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=120, check=False)


class Building(unittest.TestCase):
    """A checkout whose scripts only pretend."""

    FUZZ = """#!/bin/bash
[[ $CCACHE_DISABLE == 1 ]] || exit 2
mkdir -p build/campaigns/one build/asan
sample() { echo '{"targets": {"t": {"engines": {"libfuzzer": {"executions": '$1'}}}}}' >>build/campaigns/one/samples.jsonl; }
sample 0; while ! [[ -e ../go ]]; do sleep 0.05; done; sample 7; echo '{"tar' >>build/campaigns/one/samples.jsonl
printf '# ninja log v5\\n0\\t9000\\t0\\tx.o\\th\\n9000\\t10500\\t0\\tx.o\\th\\n0\\t700000\\t0\\tgone.o\\th\\n' >build/asan/.ninja_log; touch build/asan/x.o
while ! [[ -e ../end ]]; do sleep 0.05; done
"""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "scripts").mkdir()
        (self.root / ".gitignore").write_text("build\n")
        for name, text in (("fuzz", self.FUZZ), ("test", "#!/bin/bash\nif [[ -e build/tested ]]; then exit 1; fi; mkdir -p build; touch build/tested\n")):
            (self.root / "scripts" / name).write_text(text)
            (self.root / "scripts" / name).chmod(0o755)
        for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
            subprocess.run(["git", "-C", self.root, *command], check=True)
        self.enterContext(mock.patch.object(building, "ROOT", self.root))

    def measured(self, *names, executed=building.has_executed):
        text = io.StringIO()
        with contextlib.redirect_stdout(text), mock.patch.object(building, "has_executed", executed):
            code = building.measure(list(names))
        self.assertEqual(list((self.root / "build").glob("bench-clone-*")), [], "nothing is left")
        return code, text.getvalue()

    def test_the_first_execution_is_before_the_end_of_the_campaign(self):
        seen, has_executed = [], building.has_executed

        def executed(clone):
            if has_executed(clone):
                (clone.parent / "end").touch()
                return True
            seen.append(clone)
            if (clone / "build/campaigns/one/samples.jsonl").exists():
                (clone.parent / "go").touch()
            return False
        code, text = self.measured("first", "campaign", "files", executed=executed)
        self.assertEqual(code, 0, text)
        self.assertTrue(seen, "there was a time before the first execution")
        self.assertRegex(text, r"(?s)first execution of a target\n.*the whole campaign of 60 s\n")
        self.assertRegex(text, r" +1\.5  asan/x\.o\n")
        self.assertNotIn("gone.o", text)

    def test_what_fails_is_reported(self):
        code, text = self.measured("tests", "again")
        self.assertEqual(code, 1)
        self.assertRegex(text, r"scripts/test from nothing\n")
        self.assertRegex(text, r"scripts/test when nothing changed   exit code 1\n")


class Figures(unittest.TestCase):
    def test_ratios_are_to_the_median_of_sluice(self):
        self.assertEqual(bench_report.ratio(results(MIXED), "a", "node20"), 0.02)
        self.assertEqual(bench_report.ratio(results(MIXED), "h", "node20"), 3)
        self.assertEqual(bench_report.ratio(results(MIXED), "a", "sluice"), 1)

    def test_without_sluice_ratios_are_to_node_20(self):
        without = results({name: row for name, row in MIXED.items() if name != "sluice"})
        self.assertEqual(bench_report.ratio(without, "a", "chromium"), 25)

    def test_a_sluice_that_measured_nothing_is_no_baseline(self):
        crashed = results({"sluice": {"a": Cell(failed="it crashed")}, "node20": {"a": [4]}, "deno": {"a": [8]}})
        self.assertEqual(bench_report.ratio(crashed, "a", "deno"), 2)

    def test_a_runtime_that_failed_in_a_later_round_has_no_figure(self):
        self.assertIsNone(bench_report.median(results(MIXED).cells["a"]["deno"]))
        self.assertIsNone(bench_report.ratio(results(MIXED), "a", "deno"))

    def test_the_spread_is_that_of_all_rounds(self):
        self.assertAlmostEqual(bench_report.spread(Cell(values=[900, 1000, 1200])), 0.3)

    def test_results_survive_json(self):
        self.assertEqual(Results.from_json(results(MIXED).to_json()), results(MIXED))


class Table(unittest.TestCase):
    def setUp(self):
        self.lines = bench_report.table(results(MIXED)).splitlines()

    def line(self, pattern):
        found = [line for line in self.lines if re.search(pattern, line)]
        self.assertEqual(len(found), 1, f"{pattern} in\n" + "\n".join(self.lines))
        return found[0]

    def test_figures_spreads_and_ratios_are_in_it(self):
        self.line(r"Sluice +1,000 +spread +30% +1 x$")
        self.line(r"Node 20 +20 +spread +150% +0.02 x$")

    def test_what_has_no_figure_says_why(self):
        self.line(r"Deno +- +FAILED: killed by SIGSEGV")
        self.line(r"Node 20 +- +did not finish in 60 s")
        self.line(r"Chromium +- +does not report its memory")
        self.line(r"bun +left out: not here")

    def test_growth_is_reported_in_time_per_write(self):
        self.line(r"Deno +333 +3,333 +10 x$")
        self.line(r"Node 20 +1,000 +- *$")

    def test_a_busy_machine_is_reported_and_a_quiet_one_is_not(self):
        for values, told in (([100, 140, 120], True), ([100, 110, 105], False), ([100], False)):
            text = bench_report.table(results({"sluice": {"a": values}, "node20": {"a": values}}))
            self.assertEqual("This machine was busy" in text, told, values)

    def test_failures_are_counted_and_slowness_is_none(self):
        self.assertEqual(bench_report.failures(results(MIXED)), 1)


class Stored(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, text):
        path = self.folder / "stored.json"
        path.write_text(text)
        return path

    def test_an_earlier_run_is_shown_again(self):
        run = bench("--from", self.file(results(MIXED).to_json()), "--out", self.folder / "out", "--json", self.folder / "copy.json")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn(bench_report.table(results(MIXED)), run.stdout)
        self.assertEqual(Results.from_json((self.folder / "copy.json").read_text()), results(MIXED))
        self.assertEqual((self.folder / "out/results.json").read_text(), (self.folder / "copy.json").read_text())

    @unittest.skipIf(PLOTTER is None, "matplotlib is not installed")
    def test_the_chart_is_svg_and_the_same_every_time(self):
        stored = self.file(results(MIXED).to_json())
        charts = []
        for name in ("one", "two"):
            run = bench("--from", stored, "--out", self.folder / name, python=PLOTTER)
            self.assertEqual(run.returncode, 0, run.stderr)
            charts.append((self.folder / name / "chart.svg").read_bytes())
        self.assertEqual(charts[0], charts[1])
        drawn = xml.etree.ElementTree.fromstring(charts[0])
        self.assertEqual(drawn.tag, "{http://www.w3.org/2000/svg}svg")
        for colour in ("#d55e00", "#0072b2"):
            self.assertIn(colour.encode(), charts[0])

    @unittest.skipIf(PLOTTER is None, "matplotlib is not installed")
    def test_a_chart_can_be_drawn_of_any_part(self):
        for number, cells in enumerate(({"bun": {"a": [1]}}, {"bun": {"h": [1], "g": [2]}}, {"bun": {"f1e4": [1], "f1e5": [2]}},
                                        {"bun": {"f1e4": [1]}}, {"bun": {"a": Cell(failed="x")}}, {"bun": {"h": [-3]}})):
            run = bench("--from", self.file(results(cells).to_json()), "--out", self.folder / str(number), python=PLOTTER)
            self.assertEqual(run.returncode, 0, run.stderr)

    def test_other_files_are_refused(self):
        whole = json.loads(results(MIXED).to_json())
        whole["cells"]["a"].pop("node20")
        for text in ("", "[]", "{}", '{"rounds": 1}', results(MIXED).to_json()[:-40], json.dumps(whole)):
            run = bench("--from", self.file(text), "--out", self.folder / "out")
            self.assertEqual(run.returncode, 2, text[:40])
            self.assertRegex(run.stderr, r"^scripts/bench: .*stored\.json: ")
            self.assertEqual(run.stdout, "")


class Processes(unittest.TestCase):
    def measured(self, body, limit=60):
        with tempfile.TemporaryDirectory() as folder:
            binary = Path(folder) / "fake"
            binary.write_text("#!/bin/sh\n" + body)
            binary.chmod(0o755)
            cell = Cell()
            javascript.measure(runtimes.Runtime("fake", "Fake", program=str(binary)), case("a"), limit, cell)
        return cell

    def test_the_last_line_is_the_measurement(self):
        cell = self.measured("""echo a warning; echo 'sluice-bench: {"value": 12.5} :end'""")
        self.assertEqual(cell, Cell(values=[12.5]))

    def test_a_crash_is_reported_with_its_signal_and_last_words(self):
        self.assertEqual(self.measured("echo the last words; kill -SEGV $$").failed,
                         "killed by SIGSEGV before there was a result: the last words")
        self.assertEqual(self.measured("exit 3").failed, "ended with 3 before there was a result")

    def test_a_crash_after_the_result_is_a_crash(self):
        cell = self.measured("""echo 'sluice-bench: {"value": 12.5} :end'; kill -ABRT $$""")
        self.assertEqual(cell.values, [])
        self.assertIn("SIGABRT", cell.failed)

    def test_what_never_ends_is_ended(self):
        cell = self.measured("while :; do :; done", limit=0.2)
        self.assertEqual(cell, Cell(unfinished="did not finish in 0.2 s"))

    def test_a_workload_that_fails_is_no_measurement(self):
        cell = self.measured("""echo 'sluice-bench: {"error": "Error: 3 of 5 writes reached the sink"} :end'""")
        self.assertEqual(cell, Cell(failed="Error: 3 of 5 writes reached the sink"))

    def test_what_cannot_be_started_is_a_failure(self):
        cell = Cell()
        javascript.measure(runtimes.Runtime("fake", "Fake", program="/nonexistent"), case("a"), 60, cell)
        self.assertIn("could not be started", cell.failed)

    def test_what_failed_once_is_not_tried_again(self):
        for over in (Cell([1.0], failed="it crashed"), Cell(unfinished="did not finish in 60 s")):
            before = Cell(list(over.values), over.failed, over.unfinished)
            javascript.measure(runtimes.Runtime("fake", "Fake", program="/nonexistent"), case("a"), 60, over)
            self.assertEqual(over, before)

    def test_every_runtime_goes_first_in_turn(self):
        names = ("sluice", "node20", "deno")
        with mock.patch.object(javascript, "measure") as measure, contextlib.redirect_stdout(io.StringIO()):
            javascript.measure_all(results({name: {"a": []} for name in names}), [runtimes.find(name) for name in names],
                                         [case("a")], 60)
        self.assertEqual([call.args[0].name for call in measure.call_args_list],
                         ["sluice", "node20", "deno", "node20", "deno", "sluice", "deno", "sluice", "node20"])


@unittest.skipIf(shutil.which("node") is None, "node is not on PATH")
class Workloads(unittest.TestCase):
    """Few and short: whether the JavaScript works, not how fast."""

    def run_node(self, order, streams="WritableStream"):
        text = javascript.WORKLOADS.read_text() + f"\nmeasure({streams}, {json.dumps(order)});\n"
        run = subprocess.run(["node", "--expose-gc", "-e", text], text=True, capture_output=True, timeout=120, check=False)
        return json.loads(javascript.RESULT.search(run.stdout).group(1))

    def test_each_gives_a_figure(self):
        once = {"runs": 1, "milliseconds": 0, "count": 10}
        for each in CASES:
            letter = each.letter
            order = {"workload": letter, "memory": each.memory, "count": 20_000 if each.memory else 500, "warmup": once, "measured": once,
                     "most": 5000}
            self.assertGreater(self.run_node(order)["value"], 0, each.key)

    def test_a_stream_that_loses_writes_fails(self):
        once = {"runs": 1, "milliseconds": 0, "count": 10}
        order = {"workload": "a", "count": 10, "warmup": once, "measured": once, "most": 5000}
        lossy = "class { getWriter() { return { write() {}, async close() {} }; } }"
        self.assertIn("0 of 10 writes reached the sink", self.run_node(order, lossy)["error"])


WRK = """Running 3s test @ http://127.0.0.1:1/hello
  1 threads and 32 connections
  30000 requests in 3.00s, 4.00MB read
Requests/sec:  10001.50
Transfer/sec:      1.33MB
"""
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(%d); self.end_headers(); self.wfile.write(b"%s")
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


class Servers(unittest.TestCase):
    """Few requests, and no wrk: whether servers are started, checked and ended, not how fast they are."""

    def measured(self, program, rate=5.0):
        """The cell, and whether the server was still there when it was measured."""
        cell = Cell()
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "server.py").write_text(program)
            command = [sys.executable, str(Path(folder) / "server.py")]
            with mock.patch.object(bench_server, "command", lambda *_: command), \
                    mock.patch.object(bench_server, "load", side_effect=[1.0, rate]) as load:
                bench_server.measure(runtimes.find("node20"), bench_server.CASES[0], 30, cell)
        self.loads = [call.args for call in load.call_args_list]
        return cell

    def test_a_server_is_checked_warmed_up_and_measured(self):
        cell = self.measured(SERVER % (200, "Hello, world!\\n"))
        self.assertEqual(cell, Cell(values=[5.0]))
        self.assertEqual([seconds for _, seconds in self.loads], [bench_server.WARMUP_SECONDS, bench_server.SECONDS])
        url = self.loads[0][0]
        self.assertRegex(url, r"^http://127\.0\.0\.1:\d+/hello$")
        with self.assertRaises(bench_server.Failed):  # it has ended
            bench_server.check(url, "")

    def test_wrong_answers_are_not_measured(self):
        self.assertIn("it answered 'Hello'", self.measured(SERVER % (200, "Hello")).failed)
        self.assertIn("no response: HTTP Error 500", self.measured(SERVER % (500, "Hello, world!\\n")).failed)
        self.assertEqual(self.loads, [])

    def test_a_server_that_ends_is_reported_with_its_last_words(self):
        self.assertEqual(self.measured("print('no such port'); raise SystemExit(2)").failed,
                         "ended with 2 before there was a result: no such port")

    def test_the_rate_is_that_of_wrk(self):
        self.assertEqual(bench_server.rate_of(WRK), 10001.5)

    def test_a_rate_of_errors_is_none(self):
        for trouble in ("  Socket errors: connect 0, read 3, write 0, timeout 0", "  Non-2xx or 3xx responses: 12"):
            with self.assertRaisesRegex(bench_server.Failed, trouble.strip()[:12]):
                bench_server.rate_of(WRK.replace("Requests/sec", trouble + "\nRequests/sec"))
        for nothing in ("", "unable to connect to 127.0.0.1:1", WRK.replace("10001.50", "0.00")):
            with self.assertRaisesRegex(bench_server.Failed, "printed no rate"):
                bench_server.rate_of(nothing)

    def test_rates_are_reported_as_requests(self):
        cells = {case.key: {name: Cell(values=[1000]) for name in ("sluice", "deno")} for case in bench_server.CASES}
        made = results({"sluice": {"a": [1]}, "deno": {"a": [1]}})
        made.cases, made.cells = list(bench_server.CASES), cells
        self.assertIn("hello  a hello endpoint  (requests a second)", bench_report.table(made))
        self.assertEqual(Results.from_json(made.to_json()), made)

    @unittest.skipIf(shutil.which("node") is None, "node is not on PATH")
    def test_the_endpoints_answer_what_is_checked(self):
        with bench_server.LimitedProcess(["node", bench_server.FOLDER / "server_node.mjs"], 60) as server:
            address = bench_server.ADDRESS.search(next(server.lines())).group(0)
            for case in bench_server.CASES:
                bench_server.check(address + case.path, case.body)

    def test_without_wrk_there_is_a_clear_message(self):
        with mock.patch.dict("os.environ", PATH="/nonexistent"):
            self.assertIn("apt-get install wrk", bench_server.why_impossible())
            self.assertIn("apt-get install wrk", bench("--part", "server", "--runtime", "node20").stderr)


class Arguments(unittest.TestCase):
    def test_bad_ones_are_reported(self):
        for arguments, words in ((("--rounds", "0"), "at least 1"), (("--rounds", "x"), "invalid int"), (("--runtime", "nope"), "nope"),
                                 (("--workload", "z"), "'z'"), (("--part", "core", "--workload", "a"), "--workload is of the part"),
                                 (("--part", "core", "--runtime", "deno"), "--runtime is of the parts"),
                                 (("--part", "server", "--workload", "a"), "--workload is of the part"),
                                 (("--part", "server", "--runtime", "bun"), "the part `server` has sluice"),
                                 (("--limit", "0"), "more than 0"), (("--from", "x", "--runtime", "bun"), "measures nothing"),
                                 (("--from", "/nonexistent/x"), "/nonexistent/x: No such file"), (("stray",), "stray")):
            run = bench(*arguments)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertIn(words, run.stderr)

    def test_an_unwritable_folder_is_an_error_before_measuring(self):
        with tempfile.TemporaryDirectory() as folder:
            run = bench("--runtime", "node20", "--out", folder, "--json", Path(folder) / "none/x.json")
        self.assertEqual(run.returncode, 2)
        self.assertIn("none/x.json: No such file", run.stderr)
        self.assertEqual(run.stdout, "")

    def test_only_what_is_measured_is_built(self):
        for arguments, needed in (((), "fuzzing core sluice"), (("--part", "core"), "core"), (("--workload", "a"), "sluice"),
                                  (("--part", "server"), "sluice"), (("--part", "server", "--runtime", "deno"), ""),
                                  (("--runtime", "bun", "deno"), ""), (("--part", "core", "javascript", "--runtime", "bun"), "core")):
            self.assertEqual(bench_command.needed(bench_command.parse(list(arguments))), needed.split(), arguments)

    def test_a_release_is_trained_when_its_program_or_workload_is_newer(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "build/release-training"
            folder.mkdir(parents=True)
            workload = Path(name) / "workload.js"
            program, profile = folder / "sluice", folder / "sluice.profdata"
            for path in (program, workload):
                path.touch()
            with mock.patch.multiple(release, ROOT=Path(name), _WORKLOADS=(workload,)), \
                    mock.patch.object(release.builds, "build") as built, \
                    mock.patch.object(release, "_train", side_effect=lambda _, profile: profile.touch()) as trained:
                for changed, times in ((None, 1), (None, 1), (program, 2), (workload, 3), (None, 3)):
                    if changed:
                        os.utime(changed, ns=(profile.stat().st_mtime_ns + 10**9,) * 2)
                        os.utime(program if changed is workload else workload, ns=(0, 0))
                    release.build()
                    self.assertEqual(trained.call_count, times, changed)
                    os.utime(profile, ns=(max(program.stat().st_mtime_ns, workload.stat().st_mtime_ns) + 1,) * 2)
                self.assertEqual([call.args[0] for call in built.call_args_list[:2]], ["release-training", "release"])

    def test_help_names_every_runtime_and_workload(self):
        run = subprocess.run([ROOT / "scripts/bench", "--help"], text=True, capture_output=True, check=False)
        self.assertEqual(run.returncode, 0)
        for runtime in runtimes.MEASURED:
            self.assertRegex(run.stdout, rf"\b{runtime.name}\b")
        for letter in javascript.LETTERS:
            self.assertRegex(run.stdout, rf"\b{letter}  \S")

    def test_every_runtime_of_npm_is_pinned(self):
        for runtime in runtimes.ALL:
            if runtime.package:
                self.assertRegex(runtime.version_wanted, r"^\d+\.\d+\.\d+$", runtime.name)
            if runtime.library:
                self.assertRegex(runtime.library.version, r"^\d+\.\d+\.\d+$", runtime.name)
        self.assertIn("web-streams-polyfill", json.loads((runtimes.POLYFILL_FOLDER / "package.json").read_text())["dependencies"])


if __name__ == "__main__":
    unittest.main()
