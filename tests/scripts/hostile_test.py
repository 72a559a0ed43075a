"""Every script where nobody reads, where the disk is full, and when it is interrupted in its first moments: exit codes mean one thing.

    hostile_test.py [unittest's arguments]
"""

import concurrent.futures
import errno
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from sluice_dev.bench import bench  # noqa: E402
from sluice_dev.common import arguments, errors, locks  # noqa: E402
from sluice_dev.nightly import state  # noqa: E402
from sluice_dev.triage import promote  # noqa: E402

# What each refuses before it installs or builds anything.
REFUSED = {
    "bench": ["--nonsense"], "bisect": ["no-such-folder"], "corpus": ["pack"], "coverage": ["--nonsense"], "diff": ["--nonsense"],
    "faults": ["--nonsense"], "fuzz": ["--time", "0"],
    "lint": ["--nonsense"], "load": ["--nonsense"], "minimize": ["--target", "none_fuzzer"], "nightly": ["--time", "1"],
    "observable": ["no-such-build"], "promote": ["no-such-folder"], "release": ["--nonsense"], "report": [], "repro": ["no-such-file"],
    "smoke": ["--time", "0"], "suite": ["--nonsense"],
    "test": ["--nonsense"], "wpt": ["--jobs", "0"], "in-debian": ["--roots"],
}
# How the streams are: what the shell adds to the command.
STREAMS = ("", ">&-", "2>&-", "<&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>&1", "| true", "2>&1 | true")
STEP_SECONDS = 0.05


def shell(command, *words, **more):
    return subprocess.run(["bash", "-c", command, "bash", *map(str, words)], capture_output=True, text=True, errors="surrogateescape", check=False,
                          **more)


class Streams(unittest.TestCase):
    """0, 1 and 2 mean what --help says, whoever reads."""

    def check(self, code, command, *words):
        for streams in STREAMS:
            with self.subTest(streams=streams):
                run = shell(f'"$@" {streams}; exit "${{PIPESTATUS[0]}}"', *command, *words)
                self.assertEqual(run.returncode, code, run.stdout + run.stderr)
                self.assertNotIn("Traceback", run.stdout + run.stderr)
                self.assertNotIn("Exception ignored", run.stdout + run.stderr)

    def test_every_script_is_in_the_table(self):
        scripts = {path.name for path in SCRIPTS.iterdir() if path.is_file() and not path.suffix}
        self.assertEqual(scripts - set(REFUSED), {"check-ossfuzz", "explore", "mutants"})  # they check their flags after they installed

    def test_no_script_pipes_into_what_stops_reading(self):
        """The writer's SIGPIPE, or its exit code where SIGPIPE is ignored, would be the script's own under pipefail. It depends on
        how much is written, so that small samples pass."""
        stops = re.compile(r"(?<!\|)\|(?!\|)[^#|]*\b(head|grep\s+(-\w+\s+)*-\w*[qm]|sed\s+(-\w+\s+)*['\"]?[^'\"|]*\dq)\b")
        self.assertRegex("sort -rn | head -n 10", stops)
        self.assertRegex("printf x | grep -Eq y", stops)
        self.assertRegex("apt-cache policy x | sed -n 2q", stops)
        self.assertNotRegex("printf x | grep -c y || head z", stops)
        for path in sorted([*SCRIPTS.glob("*"), *SCRIPTS.glob("lib/*.sh"), *(ROOT / ".ci").glob("*")]):
            if path.is_file() and (text := path.read_text()).startswith("#!/usr/bin/env bash") or path.suffix == ".sh":
                joined = re.sub(r"\|\s*(\\)?\n\s*", "| ", text)
                with self.subTest(path=path.name):
                    self.assertIsNone(stops.search(joined))

    def test_the_slowest_tests_of_many(self):
        cases = "".join(f'<testcase name="Suite.Test{i}{"x" * 60}" time="{i / 10}"/>' for i in range(5000))
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder) / "results.xml"
            results.write_text(f"<testsuite>{cases}</testsuite>")
            run = subprocess.run([sys.executable, "-B", SCRIPTS / "sluice_dev", "slowest-tests", results], capture_output=True, text=True,
                                 check=False)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertEqual(len(run.stdout.splitlines()), 12)
            self.assertIn("499.9  Suite.Test4999", run.stdout.splitlines()[2])
            results.write_text("<testsuite>")
            run = subprocess.run([sys.executable, "-B", SCRIPTS / "sluice_dev", "slowest-tests", results], capture_output=True, text=True,
                                 check=False)
            self.assertEqual(run.returncode, 2)
            self.assertIn("no results of ctest", run.stderr)

    def test_wrong_usage_is_2(self):
        for name, words in REFUSED.items():
            for streams in ("", "2>&-", ">/dev/full 2>&1"):
                with self.subTest(script=name, streams=streams):
                    run = shell(f'"$@" {streams}; exit "${{PIPESTATUS[0]}}"', SCRIPTS / name, *words)
                    self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
                    self.assertNotIn("Traceback", run.stdout + run.stderr)
                    if not streams:
                        self.assertIn(f"scripts/{name}", run.stderr)

    def test_what_fails_in_the_shell_is_2(self):
        for command in ("false", "x=$(false)", "mktemp -p /dev/null/none", "f() { false; }; f", "cd /dev/null/none"):
            run = shell('set -euo pipefail; source "$1"; eval "$2"', SCRIPTS / "lib/setup.sh", command)
            self.assertEqual(run.returncode, 2, command + run.stderr)
        for command, code in (("false || true", 0), ("if false; then :; fi", 0), ("x=$(false) || true", 0), ("false || exit 1", 1)):
            run = shell('set -euo pipefail; source "$1"; eval "$2"', SCRIPTS / "lib/setup.sh", command)
            self.assertEqual(run.returncode, code, command + run.stderr)

    def test_a_command_that_does_what_it_should_is_0(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a_fuzzer").mkdir()
            (Path(folder) / "a_fuzzer/x").write_bytes(b"x")
            self.check(0, [SCRIPTS / "corpus", "pack", f"{folder}.tar.gz", "--corpus", folder])
            os.mkfifo(Path(folder) / "a_fuzzer/pipe")
            self.check(1, [SCRIPTS / "corpus", "pack", f"{folder}.tar.gz", "--corpus", folder])
            Path(f"{folder}.tar.gz").unlink()
            self.check(2, [SCRIPTS / "corpus", "restore", f"{folder}.tar.gz", "--corpus", folder])

    def test_output_that_is_all_and_could_not_be_written_is_2(self):
        command = [sys.executable, "-B", SCRIPTS / "sluice_dev", "targets", "max_len"]
        self.assertEqual(shell('"$@"', *command).returncode, 0)
        self.assertEqual(shell('"$@" >/dev/full', *command).returncode, 2)
        self.assertEqual(shell('"$@" | head -1', *command).returncode, 0)
        listed = [sys.executable, "-B", SCRIPTS / "sluice_dev", "nightly", "--list"]
        self.assertEqual(shell('"$@" | head -1', *listed).returncode, 0)

    def test_an_unexpected_exception_is_a_message_and_2(self):
        driver = "import sys; sys.path.insert(0, sys.argv.pop(1))\nfrom sluice_dev import __main__ as entry\n" \
                 "from sluice_dev.lint import lint\ndef main(words): {body}\nlint.main = main\nsys.exit(entry.begin(['lint']))"
        table = (("raise KeyError('x')", 2, "a fault in the script itself: KeyError"),
                 ("raise OSError(28, 'No space left on device', '/x')", 2, "/x: No space left"),
                 ("raise MemoryError", 2, "MemoryError"), ("sys.exit('words')", 2, "words"), ("sys.exit(3)", 3, ""), ("return 1", 1, ""),
                 ("raise KeyboardInterrupt", 130, ""), ("print('\\udcff\\ud800')", 0, ""), ("raise RecursionError", 2, "RecursionError"))
        for body, code, words in table:
            with self.subTest(body=body):
                run = shell('"$@"', sys.executable, "-B", "-c", driver.format(body=body if body.startswith(("raise", "sys")) else body + "\n"),
                            SCRIPTS)
                self.assertEqual(run.returncode, code if code != 0 else run.returncode, run.stderr)
                self.assertIn(words, run.stderr)
                self.assertNotIn("Traceback", run.stderr)


class Signals(unittest.TestCase):
    """From the first moment: 130 or 143, and no traceback."""

    def command(self, folder):
        """One that would not end by itself: it waits for what a pipe has to say."""
        os.mkfifo(Path(folder) / "pipe")
        return [SCRIPTS / "corpus", "restore", Path(folder) / "pipe", "--corpus", Path(folder) / "corpus"]

    def end_after(self, number, of_group, seconds):
        """The exit code of a command that got the signal then, and what it printed."""
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(self.command(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       start_new_session=True)
            time.sleep(seconds)  # the moment is what is tested
            if of_group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            said, _ = process.communicate(timeout=60)
            return process.returncode, said

    def test_at_every_moment(self):
        # Several at a time, because they mostly wait.
        with concurrent.futures.ThreadPoolExecutor(2 * len(os.sched_getaffinity(0))) as pool:
            runs = [(number, code, of_group, step * STEP_SECONDS, pool.submit(self.end_after, number, of_group, step * STEP_SECONDS))
                    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129))
                    for of_group in (True, False) for step in range(24)]
        for number, code, of_group, seconds, run in runs:
            with self.subTest(signal=number.name, seconds=seconds, group=of_group):
                returned, said = run.result()
                self.assertIn(returned, (code, -number), said)
                self.assertNotIn(b"Traceback", said)
                self.assertNotIn(b"Fatal", said)

    def test_a_second_one_at_once_changes_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(self.command(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
            time.sleep(1)
            for _ in range(20):
                try:
                    process.send_signal(signal.SIGINT)
                except ProcessLookupError:
                    break
            said, _ = process.communicate(timeout=60)
            self.assertEqual((process.returncode, said), (130, b""))

    def test_what_ends_a_script_ends_its_build(self):
        """SIGTERM to a shell script that waits for a child."""
        child = "trap 'kill $!; echo told; exit' TERM; echo ready; sleep 60 & wait"
        driver = 'source "$1"; "${SLUICE_CHILD[@]}" bash -c "$2"; true'
        process = subprocess.Popen(["bash", "-c", driver, "scripts/x", SCRIPTS / "lib/setup.sh", child], stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.terminate()
        self.assertEqual(process.stdout.readline(), "told\n")
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGTERM)


class Unwritable(unittest.TestCase):
    def test_the_flag_that_names_another_folder_is_in_the_message(self):
        # Root may write everywhere: the refusal is played.
        with mock.patch("os.mkdir", side_effect=PermissionError(errno.EACCES, "Permission denied", "/no")):
            with self.assertRaisesRegex(errors.CannotRun, "/no: Permission denied. Name another folder with --work$"):
                with locks.sole_user("/no/folder", "a test", "--work"):
                    self.fail("it cannot be held")
            with self.assertRaisesRegex(errors.CannotRun, "/no: Permission denied. Name another folder with --out$"):
                state.State(Path("/no/folder"), {}, False)

    def test_a_file_system_that_nobody_writes_to_is_no_other_case(self):
        with mock.patch("os.mkdir", side_effect=OSError(errno.EROFS, "Read-only file system", "/no")):
            with self.assertRaisesRegex(errors.CannotRun, "/no: Read-only file system. Name another folder with --work$"):
                with locks.sole_user("/no/folder", "a test", "--work"):
                    self.fail("it cannot be held")
            options = bench.parse(["--part", "javascript", "--out", "/no/folder"])
            with self.assertRaisesRegex(errors.CannotRun, "/no: Read-only file system. Name another folder with --out$"):
                with locks.writing("--out"):
                    bench.require_writable(options)


class Full(unittest.TestCase):
    def test_a_program_that_cannot_be_written_is_named_and_leaves_nothing(self):
        full = mock.Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
        with tempfile.TemporaryDirectory() as folder, mock.patch("sluice_dev.triage.promote.os.link", full):
            path = os.path.join(folder, "corpus/a.ops")
            with self.assertRaises(OSError) as caught:
                promote.write_whole(path, "run\n")
            self.assertEqual((caught.exception.filename, os.listdir(os.path.dirname(path))), (path, []))


class Words(unittest.TestCase):
    def parser(self):
        parser = arguments.Parser("scripts/x")
        parser.add_argument("--out")
        parser.add_argument("--tests", action="store_true")
        return parser

    def test_values_and_words_may_begin_with_a_dash(self):
        table = ((["--out", "-out"], "-out", []), (["--out=-out", "a"], "-out", ["a"]), (["a", "--", "-b", "--out"], None, ["a", "-b", "--out"]),
                 (["-", "a"], None, ["-", "a"]), (["--out", "\udcff\n", "b"], "\udcff\n", ["b"]), (["--out="], "", []))
        for words, out, others in table:
            options = self.parser().parse(words)
            self.assertEqual((options.out, options.words), (out, others), words)

    def test_what_is_wrong_is_reported(self):
        for words, said in ((["--out"], "expected one argument"), (["--out", "--tests"], "expected one argument"),
                            (["--ou", "x"], "unknown flag --ou"),
                            (["-x"], "unknown flag -x"), (["--tests=1"], "ignored explicit argument")):
            with self.assertRaisesRegex(errors.CannotRun, said):
                self.parser().parse(words)

    def test_numbers(self):
        for value in ("0", "-1", "x", "1.5", "", "9" * 12, "٣"):
            with self.assertRaises(errors.CannotRun):
                arguments.whole_number(self.parser(), "--time", value)
        self.assertEqual(arguments.whole_number(self.parser(), "--time", "60"), 60)


if __name__ == "__main__":
    unittest.main()
