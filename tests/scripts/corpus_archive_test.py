"""scripts/corpus: what is packed comes back, and no file that is damaged or hostile writes anything.

    corpus_archive_test.py [unittest's arguments]
"""

import gzip
import hashlib
import io
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.corpus import archive  # noqa: E402


class Corpus(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.corpus = self.folder / "corpus"
        self.archive = self.folder / "corpus.tar.gz"
        for name, data in (("a_fuzzer/1f", b"\1\0x"), ("a_fuzzer/2e", b""), ("b_fuzzer/id:000001,src:000000+000001,op:x", os.urandom(5000))):
            (self.corpus / name).parent.mkdir(parents=True, exist_ok=True)
            (self.corpus / name).write_bytes(data)

    def run_it(self, what, file=None, corpus=None, limit=None):
        def lower():
            if limit:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        run = subprocess.run([ROOT / "scripts/corpus", what, file or self.archive, "--corpus", corpus or self.corpus], text=True,
                             errors="surrogateescape", capture_output=True,
                             preexec_fn=lower, check=False)
        self.assertNotIn("Traceback", run.stderr)
        return run

    @staticmethod
    def contents(folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def refused(self, words, file=None):
        other = self.folder / "other"
        run = self.run_it("restore", file, other)
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn(words, run.stderr)
        self.assertEqual(self.contents(other), {})

    def tar(self, *members, manifest=None):
        """A file as pack() makes it, but for what is asked for: (TarInfo or name, data)."""
        with tarfile.open(self.archive, "w:gz") as archive:
            inputs = {name: hashlib.sha256(data).hexdigest() for name, data in members if isinstance(name, str)}
            text = json.dumps(manifest or {"version": 1, "inputs": inputs}).encode()
            for name, data in (("manifest.json", text), *members):
                info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))

    def test_what_is_packed_comes_back(self):
        self.assertEqual(self.run_it("pack").returncode, 0)
        other = self.folder / "other"
        run = self.run_it("restore", corpus=other)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("Restored 3 inputs", run.stdout)
        self.assertEqual(self.contents(other), self.contents(self.corpus))

    def test_the_same_corpus_gives_the_same_file(self):
        self.run_it("pack")
        first = self.archive.read_bytes()
        os.utime(self.corpus / "a_fuzzer/1f", (1, 1))
        self.run_it("pack")
        self.assertEqual(self.archive.read_bytes(), first)

    def test_restoring_replaces_nothing_and_adds_what_is_missing(self):
        self.run_it("pack")
        (self.corpus / "a_fuzzer/1f").write_bytes(b"mine")
        (self.corpus / "a_fuzzer/2e").unlink()
        (self.corpus / "a_fuzzer/more").write_bytes(b"more")
        run = self.run_it("restore")
        self.assertIn("Restored 1 inputs", run.stdout)
        self.assertEqual((self.corpus / "a_fuzzer/1f").read_bytes(), b"mine")
        self.assertEqual((self.corpus / "a_fuzzer/2e").read_bytes(), b"")
        self.assertEqual((self.corpus / "a_fuzzer/more").read_bytes(), b"more")

    def test_damaged_files_are_refused_wherever_they_are_damaged(self):
        self.run_it("pack")
        whole = self.archive.read_bytes()
        other = self.folder / "other"
        damaged = [whole[:size] for size in range(0, len(whole), 29)]
        damaged += [whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1:] for place in range(10, len(whole), 61)]
        for data in damaged:  # in this process, because there are hundreds
            self.archive.write_bytes(data)
            with self.assertRaisesRegex(archive.Bad, "Nothing was restored"):
                archive.restore(str(self.archive), str(other))
            self.assertEqual(self.contents(other), {})
        self.refused("Nothing was restored")

    def test_other_files_are_refused(self):
        for content in (b"text", b"", gzip.compress(b"text"), gzip.compress(b"\0" * 10240)):
            self.archive.write_bytes(content)
            self.refused("Nothing was restored")
        self.refused("No such file", self.folder / "missing")

    def test_names_that_lead_elsewhere_are_refused(self):
        for name in ("../x", "/tmp/sluice-test-x", "a/../../x", "a/..", "./a", ".git/x", "a//x", "manifest.json"):
            self.tar((name, b"x"))
            self.refused("no name of an input")
        self.assertFalse((self.folder / "x").exists())

    def test_links_and_devices_are_refused(self):
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo("a/x")
            info.type = kind
            info.linkname = "/etc/passwd"
            self.tar((info, b""))
            self.refused("no plain file")

    def test_what_the_manifest_does_not_say_is_refused(self):
        for manifest in ({"version": 1, "inputs": {}}, {"version": 1, "inputs": {"a/x": "0"}}, {"version": 2, "inputs": {}}, [1], {"version": 1}):
            self.tar(("a/x", b"x"), manifest=manifest)
            self.refused("Nothing was restored")

    # --- Nothing is left out without a word ---

    def test_inputs_of_every_name_size_and_depth_come_back(self):
        names = [b"civil war - blue.ops", b"-dash", b"*star*", b'qu"ote', b"qu'ote", "\u00fcmlaut".encode(), b"bad\xff", b"new\nline", b".hidden",
                 b"a+b,c:d=e@f",
                 b"par(en)", b"tilde~", b"back\\slash", b"$HOME", b"n" * 120, b"m" * 255, b" ", b"\x01", b"sub/inner", b"a/b/c/d/e/" + b"deep" * 50,
                 b"dir\xff/bad\xff"]
        place = os.fsencode(self.corpus / "a_fuzzer")
        for name in names:
            os.makedirs(os.path.dirname(os.path.join(place, name)), exist_ok=True)
            with open(os.path.join(place, name), "wb") as file:
                file.write(name)
        (self.corpus / "a_fuzzer/large").write_bytes(os.urandom(3 << 20))
        (self.corpus / "of no target").write_bytes(b"x")
        (self.corpus / "odd \udcff (folder)").mkdir()
        (self.corpus / "odd \udcff (folder)/x").write_bytes(b"y")
        run = self.run_it("pack")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        other = self.folder / "other"
        self.assertEqual(self.run_it("restore", corpus=other).returncode, 0)
        self.assertEqual(self.contents(other), self.contents(self.corpus))

    def test_links_are_followed(self):
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "x").write_bytes(b"linked")
        (self.corpus / "c_fuzzer").symlink_to(elsewhere)
        (self.corpus / "a_fuzzer/link").symlink_to("1f")
        linked = self.folder / "linked"
        linked.symlink_to(self.corpus)
        self.assertEqual(self.run_it("pack", corpus=linked).returncode, 0)
        other = self.folder / "other"
        self.run_it("restore", corpus=other)
        self.assertEqual((other / "c_fuzzer/x").read_bytes(), b"linked")
        self.assertEqual((other / "a_fuzzer/link").read_bytes(), b"\1\0x")
        # Restoring into a corpus that is a link leaves the link.
        (elsewhere / "x").unlink()
        self.assertEqual(self.run_it("restore").returncode, 0)
        self.assertTrue((self.corpus / "c_fuzzer").is_symlink())
        self.assertEqual((elsewhere / "x").read_bytes(), b"linked")

    def test_what_is_no_input_is_named_and_the_exit_code_is_1(self):
        os.mkfifo(self.corpus / "a_fuzzer/pipe")
        (self.corpus / "a_fuzzer/nothing").symlink_to("missing")
        (self.corpus / "a_fuzzer/around").symlink_to("..")
        (self.corpus / ".hidden").mkdir()
        (self.corpus / ".hidden/x").write_bytes(b"x")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(self.corpus / "a_fuzzer/socket"))
            run = self.run_it("pack")
        self.assertEqual(run.returncode, 1)
        for words in ("pipe was left out: no regular file", "nothing was left out: a link to nothing",
                      "around was left out: a link to a folder above",
                      "socket was left out", "x was left out: the corpus of a target has no dot"):
            self.assertIn(words, run.stderr)
        other = self.folder / "other"
        self.assertEqual(self.run_it("restore", corpus=other).returncode, 0)
        self.assertEqual(sorted(self.contents(other)), ["a_fuzzer/1f", "a_fuzzer/2e", "b_fuzzer/id:000001,src:000000+000001,op:x"])

    def test_what_is_too_large_for_one_file_is_named(self):
        with open(self.corpus / "a_fuzzer/huge", "wb") as file:
            file.truncate((2 << 30) + 1)
        run = self.run_it("pack")
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, "huge was left out: with its 2,147,483,649 bytes")

    def test_paths_of_every_name(self):
        inside = os.path.join("with space", "qu'ote", "$(id)", "new\nline", "bad\udcff", "star*", "semi;colon")
        (self.folder / inside).mkdir(parents=True)
        for name in ("-dash", "--corpus", f"{inside}/x"):
            with self.subTest(name=name):
                place = self.folder / name
                shutil.copytree(self.corpus, place)
                pack = subprocess.run([ROOT / "scripts/corpus", "pack", f"--corpus={name}", "--", f"{name}.tar.gz"], cwd=self.folder,
                                      capture_output=True, check=False)
                self.assertEqual(pack.returncode, 0, pack.stderr)
                restore = subprocess.run([ROOT / "scripts/corpus", "restore", f"--corpus={name}.new", "--", f"{name}.tar.gz"], cwd=self.folder,
                                         capture_output=True,
                                         check=False)
                self.assertEqual(restore.returncode, 0, restore.stderr)
                self.assertEqual(self.contents(self.folder / f"{name}.new"), self.contents(self.corpus))

    def test_a_full_disk_leaves_the_old_file(self):
        self.archive.write_bytes(b"old")
        run = self.run_it("pack", limit=1000)
        self.assertEqual(run.returncode, 2)
        self.assertIn("File too large", run.stderr)
        self.assertEqual(self.archive.read_bytes(), b"old")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["corpus", "corpus.tar.gz"])

    def test_a_full_disk_while_restoring_leaves_no_half_input(self):
        self.run_it("pack")
        other = self.folder / "other"
        run = self.run_it("restore", corpus=other, limit=1000)
        self.assertEqual(run.returncode, 2)
        restored = self.contents(other)
        self.assertTrue(restored.items() <= self.contents(self.corpus).items())
        self.assertEqual(self.run_it("restore", corpus=other).returncode, 0)
        self.assertEqual(self.contents(other), self.contents(self.corpus))

    def test_nothing_to_pack_is_reported(self):
        for corpus in (self.folder / "none", self.folder / "empty"):
            (self.folder / "empty").mkdir(exist_ok=True)
            run = self.run_it("pack", corpus=corpus)
            self.assertEqual(run.returncode, 2)
            self.assertIn("no corpus to pack", run.stderr)

    def test_wrong_arguments_are_reported(self):
        for arguments in ((), ("pack",), ("unpack", "x"), ("pack", "x", "y"), ("pack", "x", "--corpus")):
            run = subprocess.run([ROOT / "scripts/corpus", *arguments], text=True, capture_output=True, check=False)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertIn("scripts/corpus", run.stderr)


if __name__ == "__main__":
    unittest.main()
