"""Commands that read or write what is named by people, with every kind of name in one path: the first begins an argument.

    names_test.py SLUICE_FUZZ [SLUICE] [unittest's arguments]

Without the path of `sluice`, scripts/diff is not tried. tests/campaign/hostile_test.py has the campaigns, minimize_test.py the minimiser,
corpus_archive_test.py the archives.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]
SLUICE_FUZZ = os.path.abspath(sys.argv.pop(1))
SLUICE = os.path.abspath(sys.argv.pop(1)) if sys.argv[1:] and not sys.argv[1].startswith("-") else None

import fake_night  # noqa: E402
import fake_repository  # noqa: E402
from fake_repository import FakeCommit  # noqa: E402
from nightly_test import _DRIVER as NIGHTLY_DRIVER  # noqa: E402

ODD = os.path.join("-dash", "with space", "new\nline", "bad\udcff", "do$HOME & ; (x) *", "it's \"quoted\" `true`", "%s{0}", "@at", "#hash", "-e\\", "trail ")
COMMAND = [sys.executable, "-B", ROOT / "scripts/sluice_dev"]
PROGRAM = "w0 = stream.getWriter()\nw0.write(number)\nrun\n"
LONGEST_SECONDS = 300


class Names(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="sluice-names-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / ODD).mkdir(parents=True)

    def run_it(self, code: int, *words: object) -> str:
        run = subprocess.run([os.fsencode(str(word)) for word in words], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, errors="surrogateescape", timeout=LONGEST_SECONDS, check=False)
        self.assertEqual(run.returncode, code, run.stdout)
        self.assertNotIn("Traceback", run.stdout)
        self.assertNotIn("fault in the script", run.stdout)
        return run.stdout

    def finding(self, **more: object) -> Path:
        """The folder of a finding, relative to where commands run."""
        place = Path(ODD, "-finding")
        (self.folder / place).mkdir()
        (self.folder / place / "program.ops").write_text(PROGRAM)
        (self.folder / place / "README.md").write_text("# A finding\n")
        (self.folder / place / "finding.json").write_text(json.dumps(fake_night.finding("model/x") | more))
        return place

    def test_what_is_not_there_is_2_whatever_it_is_called(self) -> None:
        missing = Path(ODD, "-none")
        for words in (["bisect", "--", missing], ["promote", "--", missing], ["report", "--", missing], ["repro", "--", missing],
                      ["diff", "--", missing], ["diff", "--command", "x", "--library", missing], ["diff", f"--runtime={missing}"],
                      ["coverage", f"--corpus={missing}"], ["nightly", f"--config={missing}"], ["observable", "--", missing, missing],
                      ["corpus", "restore", "--", missing]):
            with self.subTest(words[0]):
                self.run_it(2, *COMMAND, *words)

    def test_bisect(self) -> None:
        commits = [FakeCommit(f"area: Change number {n}", {"fault"} if n > 2 else set()) for n in range(6)]
        repository = self.folder / ODD / "repository"
        fake_repository.make(repository, commits)
        finding = self.finding()
        said = self.run_it(0, *COMMAND, "bisect", "--repository", Path(ODD, "repository"), "--work", Path(ODD, "-work"), "--bad", "HEAD",
                           "--command", fake_repository.command("fault"), "--", finding)
        self.assertIn("Change number 3", said)
        self.assertEqual(json.loads((self.folder / finding / "bisect.json").read_text())["commits"][0]["commit"], commits[3].id)

    def test_promote(self) -> None:
        finding = self.finding(target="reentrancy_fuzzer")
        flags = ["promote", "--root", Path(ODD, "-root"), "--sluice", SLUICE_FUZZ]
        self.run_it(0, *COMMAND, *flags, "--name", "x", "--why", ODD, "--", finding)
        made, = (self.folder / ODD / "-root/corpus/reentrancy_fuzzer").iterdir()
        self.assertEqual(made.name, "regress-x.ops")
        self.assertTrue(made.read_text().startswith("# -dash/with space/new line/bad\ufffd/do$HOME"))
        self.run_it(0, *COMMAND, *flags, "--name", "x", "--", finding)

    @unittest.skipUnless(SLUICE, "needs the path of sluice")
    def test_diff(self) -> None:
        program, page = Path(ODD, "-program.ops"), Path(ODD, "-page.html")
        (self.folder / program).write_text(PROGRAM)
        self.run_it(0, *COMMAND, "diff", "--runtime", "sluice", "--sluice", SLUICE, "--sluice-fuzz", SLUICE_FUZZ, "--page", page, "--", program)
        self.assertIn("</html>", (self.folder / page).read_text())

    def test_nightly(self) -> None:
        out, history, config = (Path(ODD, name) for name in ("-out", "-history", "-night.toml"))
        (self.folder / config).write_text("[night]\nfree_mib = 0\n")
        driver = NIGHTLY_DRIVER.format(lib=str(ROOT / "scripts"), stages=json.dumps({"build": "true", "tests": "echo ran"}))
        self.run_it(0, sys.executable, "-B", "-c", driver, "--time", "100", "--out", out, "--history", history, "--config", config,
                    "--corpus", Path(ODD, "-corpus"), "--archive", Path(ODD, "-archive.tar.gz"))
        self.assertIn("Nothing was found", (self.folder / out / "summary.md").read_text())
        self.assertIn("ran", (self.folder / out / "logs/tests.log").read_text())


if __name__ == "__main__":
    unittest.main()
