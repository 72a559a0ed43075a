"""scripts/minimize on a real target: smaller, never less coverage, and nothing is lost when it is interrupted.

    minimize_test.py SOURCE_DIR BUILD_DIR [unittest's arguments]
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

SOURCE, BUILD = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(SOURCE / "scripts"))
from sluice_dev.common.locks import sole_user  # noqa: E402
from sluice_dev.corpus import files, minimize  # noqa: E402
from sluice_dev.engines.measure import Measured, Measurer, Total  # noqa: E402

TARGET = "writable_stream_fuzzer"
HOSTILE = (b"plain", b"with space", b"qu'ote", b'dou"ble', b"do$HOME", b"$(id)", b"`id`", b"par(en)", b"semi;colon", b"and&", b"star*", b"ques?",
           b"[a]", b"-dash", b"--target=x", b"back\\slash", b"new\nline", b"bad\xff", "\u00fcn\u00ef".encode(), b"tab\t", b"pipe|", b"<in>", b"#hash",
           b"~tilde", b"{a,b}", b"!bang", b"%s", b"c:olon", b"com,ma", b".hidden", b"n" * 200)
AT_ONCE = 8  # names in one path


class Minimize(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """What a short campaign finds, and the same again with something useless in it."""
        cls._found = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._found.cleanup)
        found = Path(cls._found.name)
        subprocess.run([BUILD / "fuzzers" / TARGET, "-runs=3000", "-seed=1", "-max_len=384", found], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        for path in list(found.iterdir()):
            data = path.read_bytes() + b"\0"
            (found / hashlib.sha1(data).hexdigest()).write_bytes(data)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.corpus = Path(folder.name) / "corpus"
        self.grown = self.corpus / TARGET
        shutil.copytree(self._found.name, self.grown)

    def command(self, *arguments):
        return [sys.executable, "-B", SOURCE / "scripts/sluice_dev", "minimize", "--corpus", self.corpus, "--fuzzers", BUILD / "fuzzers",
                *arguments]

    def run_it(self, *arguments, fuzzers=BUILD / "fuzzers"):
        return subprocess.run(self.command("--fuzzers", fuzzers, *arguments), text=True, errors="surrogateescape", capture_output=True, check=False)

    def contents(self):
        return {path.name: path.read_bytes() for path in self.grown.iterdir()}

    def reaches(self):
        with tempfile.TemporaryDirectory() as scratch:
            made = self.minimizer()
            measurer = Measurer(str(BUILD / "fuzzers" / TARGET), str(SOURCE), scratch, ["-max_len=384"])
            folders = [*made.seeds(TARGET), str(self.grown)]
            inputs = [Path(entry.path).read_bytes() for folder in folders for entry in files.entries(folder)]
            total = Total.of(measurer.measure(sorted(inputs, key=lambda data: (len(data), data))))
            return total.features, total.edges

    def minimizer(self, fuzzers=BUILD / "fuzzers"):
        return minimize.Minimizer(str(SOURCE), str(self.corpus), str(fuzzers))

    def fuzzers(self, name, text):
        """A folder of targets with one of our own making: a shell script, or a real one (with `text` None)."""
        folder = self.corpus.parent / "fuzzers"
        folder.mkdir(exist_ok=True)
        (folder / "targets.txt").write_text(TARGET)
        if text is None:
            (folder / TARGET).symlink_to(BUILD / "fuzzers" / name)
        else:
            (folder / TARGET).write_text(f"#!/bin/bash\n{text}\n")
            (folder / TARGET).chmod(0o755)
        return folder

    def assert_reaches(self, now, before):
        for figure, then in zip(now, before):  # features and edges, of which a few depend on the order
            self.assertGreaterEqual(figure, then * 0.99)

    def test_it_becomes_smaller_and_reaches_the_same(self):
        before, reached = self.contents(), self.reaches()
        run = self.run_it(f"--target={TARGET}")
        self.assertEqual(run.returncode, 0, run.stderr)
        after = self.contents()
        self.assertLess(len(after), len(before) / 1.9)
        self.assert_reaches(self.reaches(), reached)
        self.assertRegex(run.stdout, rf"{TARGET}: {len(before):,} entries, [\d,]+ bytes -> {len(after):,} entries, .* edges, .* features")
        self.assertEqual([path.name for path in self.corpus.glob(".*")], [".lock"])
        self.assertFalse(any(name.startswith("seed-") for name in after), "the readable seeds stay where they are")

    def test_what_other_targets_and_folders_found_is_merged_in(self):
        useful = self.contents()
        for path in self.grown.iterdir():
            path.unlink()
        elsewhere = self.corpus / "elsewhere"
        elsewhere.mkdir()
        for name, data in useful.items():
            (elsewhere / name).write_bytes(data)
        self.assertEqual(self.run_it("--from", elsewhere, f"--target={TARGET}").returncode, 0)
        self.assertTrue(self.contents())
        self.assertTrue(self.contents().items() <= useful.items())

    def test_killed_while_it_measures_it_has_changed_nothing_and_the_next_run_sweeps_up(self):
        before, reached = self.contents(), self.reaches()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            process = subprocess.Popen(self.command(f"--target={TARGET}"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and not list(self.corpus.glob(".minimize-*/measure-*/output")):
                time.sleep(0.01)  # until it is in the middle
            process.send_signal(number)
            code = process.wait()
            self.assertEqual(code, {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}[number])
            self.assertEqual(self.contents(), before, number)
        self.assertEqual(self.run_it(f"--target={TARGET}").returncode, 0)
        self.assert_reaches(self.reaches(), reached)
        self.assertEqual([path.name for path in self.corpus.glob(".*")], [".lock"])

    def test_interrupted_while_it_removes_it_has_lost_nothing(self):
        reached = self.reaches()
        made = self.minimizer()
        with tempfile.TemporaryDirectory() as scratch:
            choice = made.choose(TARGET, [], [], scratch)
        choice.removed = choice.removed[::2]
        made.apply(TARGET, choice)
        self.assert_reaches(self.reaches(), reached)

    def test_an_input_that_changed_since_it_was_measured_stays(self):
        made = self.minimizer()
        with tempfile.TemporaryDirectory() as scratch:
            choice = made.choose(TARGET, [], [], scratch)
        changed = Path(choice.removed[0].entry.path)
        changed.write_bytes(b"quite another input")
        made.apply(TARGET, choice)
        self.assertEqual(changed.read_bytes(), b"quite another input")

    def test_two_at_once_in_one_corpus_are_one_too_many(self):
        with sole_user(str(self.corpus), "a test", "--corpus"):
            run = self.run_it(f"--target={TARGET}")
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertRegex(run.stderr, "another scripts/minimize is using it")

    def test_a_smaller_corpus_that_reaches_less_is_not_taken(self):
        made = self.minimizer()
        before = self.contents()
        measure = Measurer.measure
        calls = []

        def forgetful(measurer, inputs):
            calls.append(measure(measurer, inputs))
            return calls[-1] if len(calls) == 1 else [Measured() for _ in inputs]
        with mock.patch.object(Measurer, "measure", forgetful), tempfile.TemporaryDirectory() as scratch:
            with self.assertRaisesRegex(minimize.Failed, "would reach less"):
                made.choose(TARGET, [], [], scratch)
        self.assertEqual(self.contents(), before)

    # --- What is never removed ---

    def small_corpus(self):
        """Two inputs that pass."""
        for path in self.grown.iterdir():
            path.unlink()
        for name in ("closing-write-refused.ops", "closing-close-plain-number.ops"):
            (self.grown / name).write_bytes((SOURCE / "corpus/writable_stream_fuzzer" / name).read_bytes())

    def kept_aside(self, run):
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        aside = self.corpus / f"{TARGET}.aside"
        names = sorted(path.name for path in aside.iterdir())
        for name in names:
            self.assertIn(name, run.stderr)
        return names

    def test_an_input_that_crashes_is_kept_aside(self):
        fuzzers = self.fuzzers("canary_fuzzer", None)  # has a fault, which this shows
        self.small_corpus()
        crash = b"methods write\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\nw0.abort(r0)\nw0.releaseLock()\n"
        (self.grown / "crash").write_bytes(crash)
        run = self.run_it(f"--target={TARGET}", fuzzers=fuzzers)
        self.assertEqual(self.kept_aside(run), ["crash"])
        self.assertRegex(run.stderr, r"crash: crashes \(slots/writer@releaseLock\)")
        self.assertEqual((self.corpus / f"{TARGET}.aside/crash").read_bytes(), crash)
        # One of the same name, on another day.
        (self.grown / "crash").write_bytes(crash + b"\n")
        self.assertEqual(self.kept_aside(self.run_it(f"--target={TARGET}", fuzzers=fuzzers)), ["crash", "crash.2"])

    def test_inputs_that_end_the_process_in_any_way_are_kept_aside(self):
        self.small_corpus()
        # A target that reads the control file as libFuzzer does, and dies as its inputs say.
        fuzzers = self.fuzzers("", r'''
            for flag; do [[ $flag == -merge_control_file=* ]] && control=${flag#*=}; done
            mapfile -t lines <"$control"; count=${lines[0]}; started=$(grep -c ^STARTED "$control")
            for ((i = started; i < count; ++i)); do
              echo "STARTED $i 1" >>"$control"; read -r word _ <"${lines[i + 2]}"
              case $word in hang) exit 70 ;; memory) exit 71 ;; exit) exit 3 ;; kill) kill -9 $$ ;; abort) kill -ABRT $$ ;; esac
              printf 'FT %s %s\nCOV %s %s\n' $i $i $i $i >>"$control"
            done''')
        for word in ("hang", "memory", "exit", "kill", "abort"):
            (self.grown / word).write_text(f"{word} x\n")
        before = self.contents()
        run = self.run_it(f"--target={TARGET}", fuzzers=fuzzers)
        self.assertEqual(self.kept_aside(run), ["abort", "exit", "hang", "kill", "memory"])
        self.assertRegex(run.stderr, r"/hang: hangs")
        self.assertRegex(run.stderr, r"/memory: takes too much memory")
        self.assertEqual(before, self.contents() | {p.name: p.read_bytes() for p in (self.corpus / f"{TARGET}.aside").iterdir()})

    def test_what_cannot_be_run_as_it_is_is_kept_aside(self):
        self.small_corpus()
        (self.grown / "long").write_bytes(b"a" * 385)
        (self.grown / "longest").write_bytes(b"a" * 384)
        (self.grown / "nothing").symlink_to("missing")
        (self.grown / "around").symlink_to(".")
        os.mkfifo(self.grown / "fifo")
        run = self.run_it(f"--target={TARGET}")
        self.assertEqual(self.kept_aside(run), ["around", "fifo", "long", "nothing"])
        self.assertRegex(run.stderr, "long: 385 bytes, and the longest of its target are 384")
        self.assertEqual((self.corpus / f"{TARGET}.aside/long").read_bytes(), b"a" * 385)

    def test_a_path_that_is_too_long_for_one_name_is_cut_when_it_is_kept_aside(self):
        self.small_corpus()
        deep = self.grown / ("f" * 120)
        deep.mkdir()
        (deep / ("\u20ac" * 80)).write_bytes(b"a" * 385)
        self.run_it(f"--target={TARGET}")
        aside, = (self.corpus / f"{TARGET}.aside").iterdir()
        self.assertEqual((aside.name[:124], aside.read_bytes()), ("f" * 120 + "_\u20ac\u20ac\u20ac", b"a" * 385))
        self.assertFalse(list(deep.iterdir()))

    def test_a_target_that_cannot_be_run_leaves_all_as_it_was(self):
        self.small_corpus()
        before = self.contents()
        for body in ("exit 77", "exit 0", "kill -9 $$", 'echo "STARTED 0 1" >>control; exit 0', "echo no such flag >&2; exit 1"):
            run = self.run_it(f"--target={TARGET}", fuzzers=self.fuzzers("", body))
            self.assertEqual(run.returncode, 1, body + run.stdout)
            self.assertRegex(run.stderr, "as it was", body)
            self.assertEqual(self.contents(), before, body)

    def test_inputs_from_elsewhere_that_crash_stay_where_they_are_and_are_named(self):
        self.small_corpus()
        elsewhere = self.corpus.parent / "else where"
        elsewhere.mkdir()
        (elsewhere / "long").write_bytes(b"a" * 385)
        run = self.run_it("--from", elsewhere, f"--target={TARGET}")
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("long", run.stderr)
        self.assertTrue((elsewhere / "long").exists())

    # --- Whatever they are called ---

    def test_corpora_of_every_name(self):
        useful = {name: (SOURCE / "corpus/config_fuzzer" / name).read_bytes() + b"\n" for name in os.listdir(SOURCE / "corpus/config_fuzzer")}
        data = list(useful.values())[:6]
        for i in range(0, len(HOSTILE), AT_ONCE):
            names = HOSTILE[i:i + AT_ONCE]
            with self.subTest(names=names):
                name, folder = names[-1], os.path.join(*names)
                corpus = os.path.join(os.fsencode(self.corpus.parent), folder)
                elsewhere = os.path.join(os.fsencode(self.corpus.parent), b"from", folder)
                place = os.path.join(corpus, b"config_fuzzer")
                os.makedirs(os.path.join(place, folder))
                os.makedirs(elsewhere)
                paths = [os.path.join(place, folder, name), os.path.join(place, name + b"2"), os.path.join(elsewhere, name)]
                for path, content in zip(paths, data):
                    Path(os.fsdecode(path)).write_bytes(content)
                Path(os.fsdecode(paths[1] + b"copy")).write_bytes(data[1])
                (Path(os.fsdecode(place)) / "new").write_bytes(b'{"apps": [{"entry": "a.mjs", "hostname": "\xf0\x9f\x98\x80"}]}' + name)
                before = {p for p, _, names in os.walk(place) for _ in names}
                run = subprocess.run([*map(os.fsencode, self.command("--from")), elsewhere, b"--corpus=" + corpus, b"--target", b"config_fuzzer"],
                                     text=True,
                                     errors="surrogateescape", capture_output=True, check=False)
                self.assertEqual(run.returncode, 0, run.stderr)
                left = [p for _, _, names in os.walk(place) for p in names]
                self.assertTrue(left)
                self.assertNotIn(name + b"2copy", left)  # adds nothing
                self.assertTrue(before)

    def test_a_corpus_that_is_a_link_stays_a_link(self):
        elsewhere = self.corpus.parent / "else where"
        self.grown.rename(elsewhere)
        self.grown.symlink_to(elsewhere)
        linked = self.corpus.parent / "linked corpus"
        linked.symlink_to(self.corpus)
        before = len(self.contents())
        run = self.run_it("--corpus", linked, f"--target={TARGET}")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue(self.grown.is_symlink())
        self.assertLess(len(self.contents()), before / 1.9)

    def test_inputs_in_a_folder_that_is_linked_from_a_corpus_are_used_and_stay(self):
        self.small_corpus()
        elsewhere = self.corpus.parent / "mine"
        elsewhere.mkdir()
        for name in os.listdir(self.grown):
            (elsewhere / name).write_bytes((self.grown / name).read_bytes())
        (self.grown / "link").symlink_to(elsewhere)
        self.assertEqual(self.run_it(f"--target={TARGET}").returncode, 0)
        self.assertEqual(len(list(elsewhere.iterdir())), 2)

    def test_unknown_targets_and_folders_are_reported(self):
        run = self.run_it("--target=nonsense_fuzzer")
        self.assertEqual((run.returncode, "unknown target nonsense_fuzzer" in run.stderr), (2, True))
        self.assertEqual(self.run_it("--from", self.corpus / "none").returncode, 2)


if __name__ == "__main__":
    unittest.main()
