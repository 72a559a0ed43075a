"""scripts/minimize on a real target: smaller, never less coverage, and nothing is lost when it is interrupted.

    minimize_test.py SOURCE_DIR BUILD_DIR [unittest's arguments]
"""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SOURCE, BUILD = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(SOURCE / "scripts"))
from sluice_dev.corpus import minimize  # noqa: E402

TARGET = "writable_stream_fuzzer"


class Minimize(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.corpus = Path(folder.name) / "corpus"
        self.grown = self.corpus / TARGET
        self.grown.mkdir(parents=True)
        # What a short campaign finds, and the same again with something useless in it.
        subprocess.run([BUILD / "fuzzers" / TARGET, "-runs=3000", "-seed=1", "-max_len=384", self.grown], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        for path in list(self.grown.iterdir()):
            data = path.read_bytes() + b"\0"
            (self.grown / hashlib.sha1(data).hexdigest()).write_bytes(data)

    def command(self, *arguments):
        return [sys.executable, "-B", SOURCE / "scripts/sluice_dev", "minimize", "--root", SOURCE, "--corpus", self.corpus, "--fuzzers", BUILD / "fuzzers",
                *arguments]

    def run_it(self, *arguments):
        return subprocess.run(self.command(*arguments), text=True, capture_output=True, check=False)

    def contents(self):
        return {path.name: path.read_bytes() for path in self.grown.iterdir()}

    def reaches(self):
        with tempfile.TemporaryDirectory() as scratch:
            made = minimize.Minimizer(str(SOURCE), str(self.corpus), str(BUILD / "fuzzers"))
            return made.reaches(TARGET, [str(self.grown), *made.seeds(TARGET)], scratch)

    def assert_reaches(self, now, before):
        for figure, then in zip(now, before):  # features and edges, of which a few depend on the order
            self.assertGreaterEqual(figure, then * 0.99)

    def test_it_becomes_smaller_and_reaches_the_same(self):
        before, reached = self.contents(), self.reaches()
        run = self.run_it("--", TARGET)
        self.assertEqual(run.returncode, 0, run.stderr)
        after = self.contents()
        self.assertLess(len(after), len(before) / 1.9)
        self.assert_reaches(self.reaches(), reached)
        self.assertRegex(run.stdout, rf"{TARGET}: {len(before):,} entries, [\d,]+ bytes -> {len(after):,} entries, .* edges, .* features")
        self.assertEqual(list(self.corpus.glob(".*")), [])
        self.assertFalse(any(name.startswith("seed-") for name in after), "the readable seeds stay where they are")

    def test_what_other_targets_and_folders_found_is_merged_in(self):
        useful = self.contents()
        for path in self.grown.iterdir():
            path.unlink()
        elsewhere = self.corpus / "elsewhere"
        elsewhere.mkdir()
        for name, data in useful.items():
            (elsewhere / name).write_bytes(data)
        self.assertEqual(self.run_it("--from", elsewhere, "--", TARGET).returncode, 0)
        self.assertTrue(self.contents())
        self.assertTrue(self.contents().items() <= useful.items())

    def test_killed_at_any_time_it_loses_nothing_and_the_next_run_sweeps_up(self):
        before, reached = self.contents(), self.reaches()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            minimize.sweep(str(self.corpus))  # what the last one left would look like this one's
            process = subprocess.Popen(self.command("--", TARGET), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and not list(self.corpus.glob(".minimize-*/new/*")):
                time.sleep(0.01)  # until it is in the middle
            process.send_signal(number)
            process.wait()
            self.assertEqual(self.contents(), before, number)
        self.assertEqual(self.run_it("--", TARGET).returncode, 0)
        self.assert_reaches(self.reaches(), reached)
        self.assertEqual(list(self.corpus.glob(".*")), [])

    def test_a_corpus_that_was_between_two_names_is_found_again(self):
        before = self.contents()
        self.grown.rename(str(self.grown) + ".before")
        minimize.recover(str(self.grown))
        self.assertEqual(self.contents(), before)

    def test_a_smaller_corpus_that_reaches_less_is_not_taken(self):
        made = minimize.Minimizer(str(SOURCE), str(self.corpus), str(BUILD / "fuzzers"))
        before = self.contents()
        merge = made.merge

        def forgetful(target, into, folders, control):
            figures = merge(target, into, folders, control)
            for path in Path(into).iterdir() if os.path.basename(into) == "new" else ():
                if not path.name.startswith("seed-"):
                    path.unlink()
            return figures
        made.merge = forgetful
        with self.assertRaisesRegex(minimize.Failed, "would reach less"):
            made.minimize(TARGET, [])
        self.assertEqual(self.contents(), before)

    def test_inputs_that_crash_are_survived(self):
        # A target that crashes: the canary's, with its fault.
        fuzzers = self.corpus / "fuzzers"
        fuzzers.mkdir()
        (fuzzers / TARGET).symlink_to(BUILD / "fuzzers/canary_fuzzer")
        crash = b"methods write\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\nw0.abort(r0)\nw0.releaseLock()\n"
        (self.grown / "crash").write_bytes(crash)
        made = minimize.Minimizer(str(SOURCE), str(self.corpus), str(fuzzers))
        _, kept, before, after = made.minimize(TARGET, [])
        self.assert_reaches(after, before)
        self.assertTrue(kept)

    def test_unknown_targets_and_folders_are_told(self):
        run = self.run_it("--", "nonsense_fuzzer")
        self.assertEqual((run.returncode, "unknown target nonsense_fuzzer" in run.stderr), (2, True))
        self.assertEqual(self.run_it("--from", "/nonexistent").returncode, 2)


if __name__ == "__main__":
    unittest.main()
