"""Campaigns in folders of every name: nothing is lost, and each tells of itself only.

    hostile_test.py SOURCE_DIR [unittest's arguments]

Needs the build libfuzzer-asan.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(SOURCE / "scripts"))

from sluice_dev.campaign import folder as campaign_folder  # noqa: E402
from sluice_dev.common.locks import sole_user  # noqa: E402

TARGET = "config_fuzzer"
NAMES = ("with space", "qu'ote", "do$HOME", "semi;colon&(x)", "-dash", "new\nline", "bad\udcff", "star*")
LONGEST_SECONDS = 120


class Campaign(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        # A tree with one target, so that no canary has to be found.
        self.tree = self.folder / "tree"
        fuzzers = self.tree / "build/libfuzzer-asan/fuzzers"
        fuzzers.mkdir(parents=True)
        (fuzzers / "targets.txt").write_text(TARGET)
        (fuzzers / TARGET).symlink_to(SOURCE / "build/libfuzzer-asan/fuzzers" / TARGET)
        (fuzzers / "empty_fuzzer").symlink_to(SOURCE / "build/libfuzzer-asan/fuzzers/empty_fuzzer")
        (self.tree / "build/libfuzzer-asan/sluice-fuzz").symlink_to(SOURCE / "build/libfuzzer-asan/sluice-fuzz")
        (self.tree / "corpus" / TARGET).mkdir(parents=True)

    def command(self, *flags, seconds=2):
        return [sys.executable, "-B", SOURCE / "scripts/sluice_dev", "fuzz", "--built", self.tree, "--time", str(seconds), "--jobs", "1", *flags]

    def campaign(self, *flags, code=0, **more):
        run = subprocess.run(self.command(*flags), cwd=self.folder, text=True, errors="surrogateescape", stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT,
                             timeout=LONGEST_SECONDS, check=False, **more)
        self.assertEqual(run.returncode, code, run.stdout)
        self.assertNotIn("Traceback", run.stdout)
        return run.stdout

    def test_folders_of_every_name(self):
        # All in one path, and the first begins an argument.
        name = os.path.join(*sorted(NAMES, key=lambda n: not n.startswith("-")))
        out, corpus = self.folder / name, self.folder / f"{name}.corpus"
        (corpus / TARGET / name).mkdir(parents=True)
        mine = (corpus / TARGET / name / "mine", *(corpus / TARGET / f"{name}2" for name in NAMES))
        for path in mine:
            path.write_bytes(b'{"apps": []}' + os.fsencode(path.name))
        self.campaign("--out", name, "--corpus", f"{name}.corpus")
        self.assertTrue(json.loads((out / "summary.json").read_text())["targets"][0]["executions"])
        self.assertTrue((out / "index.html").exists())
        for path in mine:
            self.assertTrue(path.exists(), path)

    def test_an_input_of_the_corpus_that_crashes_is_moved_aside_whatever_it_is_called(self):
        target = self.tree / "build/libfuzzer-asan/fuzzers" / TARGET
        target.unlink()
        target.symlink_to(SOURCE / "build/libfuzzer-asan/tests/campaign/faulty_fuzzer")
        out = self.folder / "bad\udcff\nout"
        place = out / "corpus" / TARGET / "sub folder"
        place.mkdir(parents=True)
        (place / "-bad\udcff").write_bytes(b"oz")
        (place / "good").write_bytes(b"ax")
        self.campaign("--out", out, code=1)
        self.assertFalse((place / "-bad\udcff").exists())
        self.assertEqual([path.read_bytes() for path in (out / "crashing" / TARGET).iterdir()], [b"oz"])
        self.assertTrue((place / "good").exists())

    def test_what_an_earlier_one_left_is_kept_and_not_reported_again(self):
        out = self.folder / "out"
        for place in ("findings/old", "canary_fuzzer/old"):
            (out / place).mkdir(parents=True)
            (out / place / "finding.json").write_text('{"identity": "model/old"}')
        (out / "samples.jsonl").write_text("{}\n")
        (out / "mine.txt").write_text("not a campaign's")
        said = self.campaign("--out", out)
        self.assertIn("earlier/1", said)
        self.assertEqual(json.loads((out / "earlier/1/findings/old/finding.json").read_text())["identity"], "model/old")
        self.assertEqual((out / "mine.txt").read_text(), "not a campaign's")
        self.assertNotIn("model/old", (out / "index.html").read_text() + said)
        first = json.loads((out / "summary.json").read_text())
        self.assertEqual(first["findings"], [])
        self.campaign("--out", out)
        self.assertEqual(json.loads((out / "earlier/2/summary.json").read_text()), first)

    def test_a_second_one_in_a_folder_is_refused_and_the_first_goes_on(self):
        out = self.folder / "out"
        first = subprocess.Popen(self.command("--out", out, seconds=LONGEST_SECONDS), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            while not (out / "samples.jsonl").exists():
                self.assertIsNone(first.poll())
                time.sleep(0.05)
            said = self.campaign("--out", out, code=2)
            self.assertRegex(said, f"another campaign is using it \\(process {first.pid}\\)")
            linked = self.folder / "linked"
            linked.symlink_to(out)
            self.campaign("--out", linked, code=2)
            self.assertFalse((out / "earlier").exists())
            first.send_signal(signal.SIGINT)
            said, _ = first.communicate(timeout=LONGEST_SECONDS)
            self.assertEqual(first.returncode, 0, said)
            self.assertIn("Interrupted after", said)
        finally:
            first.kill()
            first.communicate()

    def test_one_that_was_killed_has_no_folder_any_more(self):
        out = self.folder / "out"
        first = subprocess.Popen(self.command("--out", out, seconds=LONGEST_SECONDS), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (out / "samples.jsonl").exists():
            self.assertIsNone(first.poll())
            time.sleep(0.05)
        first.kill()
        first.wait()
        self.campaign("--out", out)
        self.assertTrue((out / "earlier/1/samples.jsonl").exists())

    def test_links_to_corpora_stay_links(self):
        elsewhere = self.folder / "else where"
        elsewhere.mkdir()
        corpus = self.folder / "corpus"
        corpus.mkdir()
        (corpus / TARGET).symlink_to(elsewhere)
        self.campaign("--out", "out", "--corpus", "corpus")
        self.assertTrue((corpus / TARGET).is_symlink())
        self.assertTrue(list(elsewhere.iterdir()))

    def test_closed_and_full_streams_change_nothing(self):
        # One by one: tests/scripts/hostile_test.py.
        for streams in ("<&- >&- 2>&-", ">/dev/full 2>&1", "| head -1"):
            with self.subTest(streams=streams):
                out = self.folder / "out"
                shutil.rmtree(out, ignore_errors=True)
                run = subprocess.run(["bash", "-c", f'"$@" {streams}; exit "${{PIPESTATUS[0]}}"', "bash", *self.command("--out", out)],
                                     stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, timeout=LONGEST_SECONDS, check=False)
                self.assertEqual(run.returncode, 0, run.stdout)
                self.assertEqual(json.loads((out / "summary.json").read_text())["exit_code"], 0)


class Folder(unittest.TestCase):
    def test_only_what_a_campaign_writes_is_moved(self):
        with tempfile.TemporaryDirectory() as name:
            for mine in ("corpus", "Documents", ".ssh", "findings.txt", "earlier"):
                (Path(name) / mine).mkdir()
            self.assertEqual(campaign_folder.set_aside(name), "")
            (Path(name) / "findings").mkdir()
            (Path(name) / "artifacts-x").mkdir()
            self.assertIn("earlier/1", campaign_folder.set_aside(name))
            self.assertEqual(sorted(os.listdir(name)), sorted(["corpus", "Documents", ".ssh", "findings.txt", "earlier"]))
            self.assertEqual(sorted(os.listdir(Path(name) / "earlier/1")), ["artifacts-x", "findings"])

    def test_a_lock_ends_with_its_holder(self):
        with tempfile.TemporaryDirectory() as name:
            with sole_user(name, "one", "--x"):
                pass
            with sole_user(name, "another", "--x"):
                pass


if __name__ == "__main__":
    unittest.main()
