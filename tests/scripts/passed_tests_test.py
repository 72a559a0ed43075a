"""Which tests scripts/test need not run again: those, and only those, that nothing has changed for since they passed."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.dont_write_bytecode = True

from sluice_dev.common import passed_tests  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.common.errors import CannotRun  # noqa: E402  pylint: disable=wrong-import-position

TESTS = """
add_test(Unit.One "{root}/build/a/unit_tests" "--gtest_filter=Unit.One")
add_test(scripts.two "/bin/sh" "{root}/two.sh")
add_test(fails "/bin/sh" "-c" "test -e '{root}/build/mended'")
add_test(Twice.Same "/bin/true")
add_test(Twice.Same "/bin/true")
"""
ALL = {"Unit.One", "scripts.two", "fails", "Twice.Same"}
ALWAYS = {"fails", "Twice.Same"}


class Selection(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.folder = self.root / "build/tests"
        self.folder.mkdir(parents=True)
        (self.root / "build/a").mkdir()
        shutil.copy("/bin/true", self.root / "build/a/unit_tests")
        (self.root / "build/a/CTestTestfile.cmake").write_text(TESTS.format(root=self.root))
        (self.folder / "CTestTestfile.cmake").write_text('subdirs("../a")\n')
        for name, text in (("two.sh", "exit 0\n"), ("seed.txt", "a"), ("code.cc", "b"), (".gitignore", "build/\n")):
            (self.root / name).write_text(text)
        subprocess.run(["git", "init", "--quiet", self.root], check=True)
        root = mock.patch.object(passed_tests, "ROOT", self.root)
        root.start()
        self.addCleanup(root.stop)

    def run_tests(self, *flags):
        """The names of those that ran, and what was printed."""
        with contextlib.redirect_stderr(io.StringIO()) as said:
            passed_tests.main(["select", str(self.folder), *flags])
        selection = (self.folder / "selection").read_text().splitlines()
        (self.folder / "results.xml").unlink(missing_ok=True)
        if selection == ["none"]:
            return set(), said.getvalue()
        run = subprocess.run(["ctest", "--test-dir", self.folder, "--output-junit", self.folder / "results.xml", *selection],
                             capture_output=True, text=True, check=False)
        passed_tests.main(["record", str(self.folder)])
        return {name for name in ALL if f": {name} ." in run.stdout}, said.getvalue()

    def assert_runs(self, names, *flags):
        ran, said = self.run_tests(*flags)
        self.assertEqual(ran, names, said)

    def test_what_passed_does_not_run_again_and_what_failed_does(self):
        self.assert_runs(ALL)
        ran, said = self.run_tests()
        self.assertEqual(ran, ALWAYS)
        self.assertIn("2 of 5 tests are not run", said)
        self.assert_runs(ALL, "--all")
        (self.root / "build/mended").touch()
        self.assert_runs(ALWAYS)
        self.assert_runs({"Twice.Same"})

    def test_changes_run_what_depends_on_them(self):
        self.assert_runs(ALL)
        for name, ran in (("seed.txt", ALL), ("code.cc", ALL - {"Unit.One"}), ("new.txt", ALL), ("build/a/unit_tests", ALL),
                          ("build/a/object.o", ALWAYS)):
            with self.subTest(name):
                with (self.root / name).open("a") as file:
                    file.write("x")
                self.assert_runs(ran)
                self.assert_runs(ALWAYS)

    def test_times_change_nothing(self):
        self.assert_runs(ALL)
        for path in (self.root / "seed.txt", self.root / "build/a/unit_tests"):
            os.utime(path, (1, 1))
        self.assert_runs(ALWAYS)

    def test_other_options_and_other_commands_are_other_tests(self):
        self.assert_runs(ALL)
        with mock.patch.dict(os.environ, {"SLUICE_CORPUS": "elsewhere"}):
            self.assert_runs(ALL)
        self.assert_runs(ALL)
        path = self.root / "build/a/CTestTestfile.cmake"
        path.write_text(path.read_text().replace('two.sh"', 'two.sh" "again"'))
        self.assert_runs(ALWAYS | {"scripts.two"})

    def test_what_changes_while_tests_run_has_not_been_tested(self):
        with contextlib.redirect_stderr(io.StringIO()):
            passed_tests.main(["select", str(self.folder)])
        (self.root / "seed.txt").write_text("edited meanwhile")
        subprocess.run(["ctest", "--test-dir", self.folder, "--output-junit", self.folder / "results.xml"], capture_output=True, check=False)
        passed_tests.main(["record", str(self.folder)])
        self.assert_runs(ALL)

    def test_without_git_or_results_nothing_is_known(self):
        with mock.patch.dict(os.environ, {"PATH": "/nonexistent"}), self.assertRaises(CannotRun):
            passed_tests.main(["select", str(self.folder)])
        with self.assertRaises(CannotRun):
            passed_tests.main(["record", str(self.folder)])


if __name__ == "__main__":
    unittest.main()
