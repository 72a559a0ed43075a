"""The sluice-fuzz command on good, malformed and random files: exit codes, and errors that say what was wrong and where.

    lab_test.py SLUICE_FUZZ [unittest's arguments]
"""

import contextlib
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema

SLUICE_FUZZ = Path(sys.argv.pop(1)).resolve()
CACHE = SLUICE_FUZZ.with_name("CMakeCache.txt").read_text()
IS_SANITIZED = re.search(r"^SLUICE_SANITIZERS:STRING=.", CACHE, re.MULTILINE) is not None
HAS_V8 = re.search(r"^SLUICE_V8:BOOL=ON", CACHE, re.MULTILINE) is not None
SEED = next(Path("corpus/writable_stream_fuzzer").glob("*.ops"))
CANARY = """methods start write abort
on write return pending
w0 = stream.getWriter()
read stream
run
w0.write("a")
w0.abort(r1)
w0.releaseLock()
run
"""


def run(*arguments):
    return subprocess.run([SLUICE_FUZZ, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=120, check=False, text=True, errors="replace")


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def assert_complains(self, result, *words):
        self.assertEqual(result.returncode, 2, f"{result.stdout}{result.stderr}")
        for word in words:
            self.assertIn(word, result.stderr)

    def test_an_unknown_command_is_named(self):
        self.assert_complains(run("reach"), "unknown command reach", "sluice-fuzz --help")

    def test_a_script_whose_size_returns_undefined_returns_that(self):
        program = self.file("size.ops", "methods size\non size return 2\non size return\nw0 = stream.getWriter()\nw0.write(\"a\")\nw0.write(\"b\")\n")
        result = run("emit", "--format", "suite", "--title", "TITLE", program)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("if (sizes === 1) { return 2; }", result.stdout)
        self.assertIn("if (sizes === 2) { return; }", result.stdout)
        # Helpers and imports are those of the suite.
        self.assertTrue(result.stdout.startswith("promise_test("), result.stdout)
        self.assertIn("const { events, report, text } = record();" if "text(" in result.stdout else "= record();", result.stdout)

    def test_streams_and_repetitions_are_straight_line_code(self):
        program = self.file("two.ops", """methods write
s1 methods start write close
on write {
  w1.write(w0)
} return pending
s1 = new WritableStream()
w0 = stream.getWriter()
w1 = s1.getWriter()
times 4096
w0.write("a")
s1.controller.error(r1)
resolve write
run
""")
        result = run("emit", "--format", "js", program)
        self.assertEqual(result.returncode, 0, result.stderr)
        for line in ("const s1 = new WritableStream({", "const writer1 = s1.getWriter();", "  start(c) { controller1 = c; },",
                     "for (let i = 0; i < 4096; ++i) { report(\"write 2\", () => writer0.write(\"a\")); }",
                     "controller1.error(\"r1\");", "report(\"write 1\", () => writer1.write(writer0));"):
            self.assertIn(line, result.stdout)
        self.assertLess(len(result.stdout.splitlines()), 50, "what repeats is written once")
        shared = self.file("shared.ops", "methods start\ns1 shares sink\non start {\n  controller.error(r0)\n} return\n"
                           "s1 = new WritableStream()\n")
        self.assert_complains(run("emit", "--format", "js", shared), "two streams share a sink, and it uses a controller")

    @unittest.skipUnless(IS_SANITIZED, "it would be closed before its first line of progress")
    def test_an_exploration_that_is_interrupted_leaves_a_checkpoint_that_it_goes_on_from(self):
        checkpoint = self.folder / "checkpoint"
        command = [SLUICE_FUZZ, "explore", "--no-judge", "--threads", "1", "--sink", "start+write+close+abort", "--checkpoint", checkpoint]
        interrupted = 0
        while True:
            # At a terminal there is a line of progress after half a second.
            reader, terminal = pty.openpty()
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, text=True)
            os.close(terminal)
            seen = b""
            with contextlib.suppress(OSError):  # the terminal's end
                while data := os.read(reader, 1000):
                    if b"states expanded" in data and b"states expanded" not in seen:
                        process.send_signal(signal.SIGINT)
                    seen += data
            os.close(reader)
            output = process.communicate(timeout=120)[0]
            self.assertEqual(b"sluice-fuzz: goes on from" in seen, interrupted > 0, seen)
            if process.returncode == 0:
                break
            self.assertEqual(process.returncode, 2, seen)
            self.assertIn(b"the same command goes on from there", seen)
            interrupted += 1
        self.assertGreater(interrupted, 0)
        # As without an interruption (fuzz/explore/README.md).
        self.assertIn("custom: 1 configurations, 14373 states, 84626 edges", output)

    def test_two_builds_are_told_apart_by_the_shortest_program_that_shows_the_difference(self):
        traces = self.folder / "traces"
        bounds = ["--sink", "write", "--size", "no", "--queue", "1", "--writers", "1", "--observed", "yes"]
        self.assertEqual(run("explore", "--no-judge", *bounds, "--traces", traces).returncode, 0)

        def compare(data, *flags):
            return subprocess.run([SLUICE_FUZZ, "compare-traces", *flags], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=120, check=False)

        same = compare(traces.read_bytes())
        self.assertEqual(same.returncode, 0, same.stderr)
        self.assertRegex(same.stdout, rb"^No author can tell them apart in \d{3,} programs")
        other = compare(traces.read_bytes(), "--canary")
        self.assertEqual(other.returncode, 1, other.stderr)
        program = other.stdout.split(b"\n\n", 1)[1]
        # The lock that releaseLock() did not give up is what an author sees.
        self.assertIn(b"releaseLock()", program)
        self.assertLessEqual(len(program.splitlines()), 10, program)
        cut_off = compare(traces.read_bytes()[:-5])
        self.assertEqual(cut_off.returncode, 2)
        self.assertIn(b"the traces end after", cut_off.stderr)

    def test_show_prints_the_text_it_was_given(self):
        shown = run("show", SEED)
        self.assertEqual(shown.returncode, 0)
        self.assertTrue(shown.stdout.startswith("# "))
        again = run("show", self.file("again.ops", shown.stdout))
        self.assertEqual(again.stdout, shown.stdout)

    def test_bytes_and_text_are_the_same_program(self):
        path = self.folder / "seed.bin"
        self.assertEqual(run("show", "--bytes", path, SEED).returncode, 0)
        self.assertEqual(path.read_bytes()[0], 1)
        self.assertEqual(run("trace", path).stdout, run("trace", SEED).stdout)

    def test_trace_can_show_the_slots(self):
        text = run("trace", "--slots", self.file("a.ops", "w0 = stream.getWriter()\nread stream\nw0.releaseLock()\n")).stdout
        self.assertEqual([line.strip(" {}").split(", ")[0] for line in text.splitlines() if line.startswith("        {")],
                         ["controller true", "writer true", "writer false", "started true"], "only what each step changes")

    def test_repro_passes_and_fails(self):
        self.assertEqual(run("repro", SEED).returncode, 0)
        canary = self.file("canary.ops", CANARY)
        self.assertEqual(run("repro", canary).returncode, 0)
        failing = run("repro", "--canary", canary)
        self.assertEqual(failing.returncode, 1)
        self.assertIn("What broke:", failing.stdout)

    @unittest.skipUnless(IS_SANITIZED, "only a sanitizer's build knows where operations begin")
    def test_repro_prints_the_divergence(self):
        failing = run("repro", "--canary", self.file("canary.ops", CANARY))
        self.assertIn("Divergence: releaseLock\n", failing.stdout)

    def test_repro_prints_findings_as_json(self):
        schema = json.loads(Path("fuzz/oracle/finding.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.assertEqual((run("repro", "--json", SEED).returncode, run("repro", "--json", SEED).stdout), (0, ""), "it passes")
        result = run("repro", "--json", "--canary", SEED, self.file("canary.ops", CANARY), self.folder / "missing", self.file("again.ops", CANARY))
        self.assert_complains(result, "missing", "No such file")
        first, second = map(json.loads, result.stdout.splitlines())
        jsonschema.validate(first, schema)
        self.assertEqual(first, second)
        self.assertEqual((first["key"], first["step"], first["v8_only"]), ("slots/writer@releaseLock", "releaseLock", False))
        if IS_SANITIZED:
            self.assertEqual((first["operation"], first["expected"]), ("releaseLock", "begins writer.releaseLock()"))
        self.assertIn("slots/closedPromise", first["also"])
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate(first | {"place": "here"}, schema)

    @unittest.skipUnless(IS_SANITIZED, "only a sanitizer's build knows where operations begin")
    def test_shrink_preserves_the_operation_in_the_key(self):
        canary = self.file("canary.ops", CANARY)
        small = self.folder / "small.ops"
        self.assertEqual(run("shrink", "--canary", "-o", small, canary).returncode, 0)
        self.assertLess(len(small.read_text().splitlines()), len(CANARY.splitlines()))
        self.assertEqual(json.loads(run("repro", "--json", "--canary", small).stdout)["key"], "slots/writer@releaseLock")
        self.assert_complains(run("shrink", "--canary", "--finding", "slots/writer@WritableStreamAbort", canary), "slots/writer@WritableStreamAbort",
                              "slots/writer@releaseLock")

    def test_repro_of_several_files_tells_the_worst(self):
        self.assertEqual(run("repro", SEED, self.folder / "missing").returncode, 2)

    def test_state_coverage_counts_states_of_files_and_folders(self):
        self.file("a.ops", "run\n")
        self.file("b", b"\x01")
        result = run("state-coverage", self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        coverage = json.loads(result.stdout)
        self.assertEqual((coverage["programs"], coverage["impossible"]), (2, []))
        states = {state["id"]: state for state in coverage["states"]}
        self.assertEqual(states["starting"]["count"], 2)
        self.assertEqual(states["starting"]["example"], str(self.folder / "a.ops"))
        self.assertEqual(states["closed"], {"id": "closed", "state": "closed", "meaning": "the end", "count": 0})

    def test_state_coverage_follows_links_to_files_of_every_name(self):
        odd = self.folder / "odd \udcff\n"
        odd.mkdir()
        (odd / "bad\udcff.ops").write_text("run\n")
        (odd / "around").symlink_to(".")
        linked = self.folder / "linked"
        linked.mkdir()
        (linked / "folder").symlink_to(odd)
        (linked / "file.ops").symlink_to(odd / "bad\udcff.ops")
        for path, programs in ((odd, 1), (odd / "bad\udcff.ops", 1), (linked, 2)):
            result = run("state-coverage", path)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(json.loads(result.stdout)["programs"], programs, path)

    def test_state_coverage_complains_about_what_it_cannot_read(self):
        self.assert_complains(run("state-coverage", self.folder / "missing"), "missing")
        self.assert_complains(run("state-coverage", self.file("bad.ops", "nonsense\n")), "bad.ops:1:1")

    def test_shrink_keeps_the_finding(self):
        small = self.folder / "small.ops"
        self.assertEqual(run("shrink", "--canary", "-o", small, self.file("canary.ops", CANARY)).returncode, 0)
        self.assertNotIn("read stream", small.read_text())
        self.assertEqual(run("repro", "--canary", small).returncode, 1)

    def test_shrink_and_repro_use_the_finding_that_a_flag_names(self):
        canary = self.file("canary.ops", CANARY)
        record = json.loads(run("repro", "--json", "--canary", canary).stdout)
        first, other = record["key"], record["also"][0]
        self.assertNotEqual(first.split("@")[0], other)
        key_of = lambda *arguments: json.loads(run("repro", "--json", "--canary", *arguments).stdout)["key"]
        self.assertTrue(key_of("--finding", other, canary).startswith(f"{other}@"))
        small = self.folder / "small.ops"
        self.assertEqual(run("shrink", "--canary", "--finding", other, "-o", small, canary).returncode, 0)
        self.assertTrue(small.read_text().startswith(f"# {other}\n"))
        # A shrunk program says which it is.
        self.assertTrue(key_of(small).startswith(f"{other}@"))
        self.assert_complains(run("shrink", "--canary", "--finding", "slots/nonsense", canary), first, "slots/nonsense")

    def test_shrink_of_what_passes_says_so(self):
        result = run("shrink", SEED)
        self.assertEqual(result.returncode, 1)
        self.assertIn("nothing to shrink", result.stderr)

    def test_unreadable_files_are_complained_about_by_name(self):
        large = self.file("large", b"\1" * (1 << 21))
        for command in ("show", "trace", "repro", "shrink"):
            self.assert_complains(run(command, self.folder / "missing"), "missing", "No such file")
            self.assert_complains(run(command, self.folder), "is a folder")
            self.assert_complains(run(command, large), "larger than")

    def test_malformed_text_is_complained_about_by_place(self):
        path = self.file("bad.ops", "w0 = stream.getWriter()\nw0.write(buffer(x))\n")
        for command in ("show", "trace", "repro", "shrink"):
            self.assert_complains(run(command, path), "bad.ops:2:", "expected")

    def test_files_that_cannot_be_written_are_complained_about(self):
        self.assert_complains(run("show", "--bytes", self.folder / "no/such/folder", SEED), "cannot be written")

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full here")
    def test_a_full_disk_loses_nothing(self):
        target = self.folder / "out"
        target.write_text("before")
        os.symlink("/dev/full", self.folder / "out.new")
        self.assert_complains(run("show", "--bytes", target, SEED), "cannot be written", "No space left")
        self.assertEqual(target.read_text(), "before")

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full here")
    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([SLUICE_FUZZ, "show", SEED], stdout=full, stderr=subprocess.PIPE, check=False, text=True)
        self.assert_complains(result, "standard output cannot be written")

    def test_exit_codes_do_not_depend_on_who_reads(self):
        good, bad = SEED, self.file("bad.ops", CANARY)
        # The command, its code, and whether its output is all that it makes.
        table = (*(([command, good], 0, True) for command in ("show", "trace", "steps", "repro", "state-coverage", "emit")),
                 (["repro", "--canary", bad], 1, False), (["repro", "--canary", "--json", bad], 1, False), (["shrink", "--canary", bad], 0, True),
                 (["shrink", good], 1, False), (["show", self.folder / "none"], 2, False), (["language"], 0, True), (["dictionary"], 0, True),
                 (["random"], 0, True), (["batch", "--count", "3"], 0, True), (["nonsense"], 2, False), (["--help"], 0, True))
        for words, code, makes_output in table:
            for streams, is_lost in (("", False), ("2>&1 | true", False), (">&-", True),
                                     ("<&- >&- 2>&-", True), (">/dev/full 2>&1", True)):
                ended = subprocess.run(["bash", "-c", f'"$@" {streams}; exit "${{PIPESTATUS[0]}}"', "bash", SLUICE_FUZZ, *words],
                                       capture_output=True, check=False)
                with self.subTest(words=words, streams=streams):
                    self.assertEqual(ended.returncode, 2 if is_lost and makes_output else code, ended.stderr)

    def test_files_may_have_any_name(self):
        names = ("-dash", "with space", "new\nline", "bad\udcff", "qu'o\"te", "$(id);&*", "--flag", "back\\slash")
        for name in names:
            self.file(name, CANARY)
            for words, code in ((["show"], 0), (["show", "--bytes", f"{name}.bytes"], 0), (["trace"], 0), (["steps"], 0), (["repro", "--canary"], 1),
                                (["repro", "--json", "--canary"], 1), (["shrink", "--canary", "-o", f"{name}.out"], 0), (["state-coverage"], 0),
                                (["emit"], 0), (["batch"], 0)):
                ended = subprocess.run([SLUICE_FUZZ, *words, "--", name], cwd=self.folder, capture_output=True, check=False)
                with self.subTest(name=name, words=words):
                    self.assertEqual(ended.returncode, code, ended.stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(f"{name}{end}" for name in names for end in ("", ".bytes", ".out")))

    def test_a_reader_that_goes_away_ends_an_endless_command(self):
        process = subprocess.Popen([SLUICE_FUZZ, "batch", "--count", "1000000000"], stdout=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 0)

    def test_a_shrunk_program_that_cannot_be_written_is_complained_about(self):
        for out in ((), ("-o", self.folder / "no/such/folder")):
            with open("/dev/full", "w", encoding="utf-8") as full:
                result = subprocess.run([SLUICE_FUZZ, "shrink", "--canary", *out, self.file("bad.ops", CANARY)], stdout=full,
                                        stderr=subprocess.PIPE, check=False, text=True)
            self.assert_complains(result, "cannot be written")

    def test_wrong_command_lines_are_refused(self):
        for arguments in ([], ["nonsense"], ["show"], ["show", "--nonsense", SEED], ["random", "--profile", "nonsense"],
                          ["random", "--seed", "x"], ["random", "--seed", "-1"],
                          ["random", "--seed", "18446744073709551616"], ["batch", "--count", "-1"],
                          ["repro", "--canary", "--v8", SEED], ["conformance", "--count", "x"]):
            self.assertEqual(run(*arguments).returncode, 2, arguments)

    def test_help_is_there(self):
        for arguments in (["--help"], ["repro", "--help"]):
            result = run(*arguments)
            self.assertEqual(result.returncode, 0)
            self.assertIn("sluice-fuzz", result.stdout)

    def test_random_files_crash_nothing(self):
        source = random.Random(1)
        text = b"\n".join(line for path in sorted(Path("corpus").rglob("*.ops"))[:40] for line in path.read_bytes().splitlines())
        for number in range(40):
            content = source.randbytes(source.randrange(300))
            if number % 2:
                begin = source.randrange(len(text))
                content = text[begin:begin + source.randrange(400)]
            path = self.file(f"random-{number}", content)
            for command in ("show", "trace", "repro"):
                result = run(command, path)
                self.assertIn(result.returncode, (0, 2), result.stdout + result.stderr)
                self.assertNotIn("Sanitizer", result.stderr)

    def test_the_language_and_its_dictionary_are_printed(self):
        self.assertIn("$w.write($c)$o", run("language").stdout)
        dictionary = run("dictionary").stdout
        self.assertIn('".releaseLock()"', dictionary)
        self.assertEqual(run("random", "--seed", 5).stdout, run("random", "--seed", 5).stdout)

    @unittest.skipUnless(HAS_V8, "built without V8")
    def test_the_core_in_v8_agrees_with_the_model(self):
        for profile in ("balanced", "reentrancy", "buffer_limit"):
            result = run("conformance", "--seed", 100000, "--count", 20, "--profile", profile)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertEqual(result.stdout, f"60 programs conform, from 20 seeds of the profile {profile}\n")

    @unittest.skipUnless(HAS_V8, "built without V8")
    def test_a_program_is_judged_in_v8(self):
        program = self.file("a.ops", "methods write\non write return resolved\nw0 = stream.getWriter()\nw0.write(\"a\")\nrun 2\n"
                                     "read stream\n")
        result = run("repro", "--v8", program)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("passes every oracle", result.stdout)
        self.assertEqual(result.stdout.split("Verdict")[0], run("repro", program).stdout.split("Verdict")[0])


if __name__ == "__main__":
    unittest.main()
