"""What a campaign builds while it fuzzes: in the order in which it is needed, said as it goes, and told when it fails. And a checkout in
a folder of any name.

    builds_test.py [unittest's arguments]
"""

import asyncio
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.campaign.background import Builds, Step  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.common import builds  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.common.errors import CannotRun  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.common.processes import Children  # noqa: E402  pylint: disable=wrong-import-position

# Instead of `sluice_dev build`: it notes what it was asked for, and waits for a file before it ends.
BUILD = """#!/bin/sh
echo "$1 $2" >>"$ROOT/asked"
mkdir -p "$ROOT/build/$1"
echo "[3/7] Building x.cc.o" >"$ROOT/build/$1/build.log"
test "$2" != broken || { echo "x.cc:1: error: no"; exit 1; }
until test -e "$ROOT/may-build-$2"; do sleep 0.02; done
"""


class BuildsWhileItFuzzes(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="sluice-builds-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.script = self.root / "build.sh"
        self.script.write_text(BUILD.replace("$ROOT", folder.name))
        self.children = Children()
        self.addCleanup(self.children.kill)

    def builds(self, *targets: str) -> Builds:
        return Builds(self.children, str(self.root), [Step("p", target) for target in targets], ["sh", str(self.script)])

    def may_build(self, *targets: str) -> None:
        for target in targets:
            (self.root / f"may-build-{target}").touch()

    async def test_targets_become_ready_one_by_one_in_the_order_of_the_steps(self) -> None:
        builds = self.builds("a", "b", "a")
        self.assertTrue(builds.is_ready("p", "there already"))
        running = asyncio.create_task(builds.run())
        self.may_build("a")
        await builds.until_ready("p", "a")
        self.assertEqual((builds.is_ready("p", "a"), builds.is_ready("p", "b"), running.done()), (True, False, False))
        self.may_build("b")
        await running
        self.assertTrue(builds.is_ready("p", "b"))
        self.assertEqual((self.root / "asked").read_text(), "p a\np b\n")
        self.assertEqual(builds.progress(), "")

    async def test_progress_says_what_is_built_and_how_far_it_is(self) -> None:
        builds = self.builds("a", "b", "c")
        running = asyncio.create_task(builds.run())
        while not (self.root / "build/p/build.log").exists():
            await asyncio.sleep(0.01)
        while not builds.progress().startswith("building a, 3 of 7, for "):
            await asyncio.sleep(0.01)
        self.assertTrue(builds.progress().endswith(" s; then 2 more"), builds.progress())
        self.may_build("a", "b", "c")
        await running

    async def test_a_failure_reaches_all_who_wait_with_the_compilers_words(self) -> None:
        builds = self.builds("broken", "b")
        waiting = [asyncio.create_task(builds.until_ready("p", name)) for name in ("broken", "b")]
        await builds.run()
        for waits in waiting:
            with self.assertRaisesRegex(CannotRun, r"broken could not be built in build/p:\n.*x.cc:1: error: no"):
                await waits
        self.assertEqual((self.root / "asked").read_text(), "p broken\n")
        await asyncio.wait_for(builds.changed(), 60)  # who comes later does not wait for ever

    async def test_what_is_there_is_not_built(self) -> None:
        folder = self.root / "build/p"
        folder.mkdir(parents=True)
        (folder / "build.ninja").write_text("rule touch\n  command = touch $out\nbuild made: touch\nbuild new: touch\n")
        (folder / "made").touch()
        builds = Builds(self.children, str(self.root), [Step("p", "made"), Step("elsewhere", "x")])
        await builds.forget_what_is_there()
        self.assertEqual((builds.is_ready("p", "made"), builds.is_ready("elsewhere", "x")), (False, False), "never built by ninja itself")
        process = await asyncio.create_subprocess_exec("ninja", "-C", str(folder), "made", stdout=asyncio.subprocess.DEVNULL)
        await process.wait()
        await builds.forget_what_is_there()
        self.assertEqual((builds.is_ready("p", "made"), builds.is_ready("elsewhere", "x")), (True, False))



class OddCheckout(unittest.TestCase):
    def test_a_path_with_spaces_quotes_and_signs_is_configured_and_compiled_without_a_warning(self) -> None:
        with tempfile.TemporaryDirectory(prefix="sluice-builds-") as folder:
            checkout = Path(folder) / "a b/it's $x (1) & co# %s!"
            for name in ("cmake", "corpus", "fuzz", "sanitizers", "src", "tests"):
                shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
            for name in ("CMakeLists.txt", "CMakePresets.json"):
                shutil.copy(ROOT / name, checkout)
            (checkout / "build").mkdir()
            (checkout / "build/v8").symlink_to((ROOT / "build/v8").resolve())
            joined = "fuzz/driver/CMakeFiles/sluice_driver.dir/__/__/unity/sluice_driver_0.cc.o"
            for command in (["cmake", "--preset", "asan"], ["ninja", "-C", "build/asan", joined]):
                run = subprocess.run(command, cwd=checkout, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=500, check=False)
                self.assertEqual(run.returncode, 0, run.stdout)
                self.assertNotRegex(run.stdout, "(?i)warning:|CMake Warning")
            # As scripts/wpt reads it.
            shell = re.search(r"^set\(shell \[==\[(.*)\]==\]\)$", (checkout / "build/asan/tests/wpt/tests.cmake").read_text(), re.M)
            assert shell is not None
            self.assertEqual(shlex.split(shell[1])[0], str(checkout / "build/asan/sluice"))

    def test_a_path_in_which_nothing_can_be_built_is_named_before_anything_is_tried(self) -> None:
        for sign in ',:;"\\|<>\n':
            with mock.patch.object(builds, "ROOT", Path(f"/nonexistent/a{sign}b")), self.assertRaisesRegex(CannotRun, "Move the checkout"):
                builds.build("asan")


if __name__ == "__main__":
    unittest.main()
