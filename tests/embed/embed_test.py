"""What `cmake --install` installs is enough to embed Sluice: a program outside of the checkout is built against it, by find_package() and by
pkg-config, and runs.

    embed_test.py BUILD_DIR CXX [unittest's arguments]
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD, CXX = Path(sys.argv.pop(1)).resolve(), sys.argv.pop(1)
EMBEDDER_PRINTS = "a chunk, then a RangeError, then closed\n"
CONSUMER = Path(__file__).resolve().parent / "consumer"


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="sluice-embed-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.prefix = cls.folder / "prefix"
        shutil.copytree(CONSUMER, cls.folder / "consumer")
        cls.run_well("cmake", "--install", BUILD, "--component", "development", "--prefix", cls.prefix)

    @classmethod
    def run_well(cls, *command: object, **keywords: object) -> str:
        done = subprocess.run([str(word) for word in command], cwd=cls.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=500, check=False, **keywords)
        if done.returncode != 0:
            raise AssertionError(f"{command[0]} failed ({done.returncode}):\n{done.stdout}")
        return done.stdout

    def test_an_embedder_is_built_by_find_package_and_runs(self) -> None:
        self.run_well("cmake", "-S", "consumer", "-B", "built", "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={CXX}",
                      f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Debug")
        self.run_well("cmake", "--build", "built")
        self.assertEqual(self.run_well(self.folder / "built/embedder"), EMBEDDER_PRINTS)

    def built_by_pkg_config(self, package: str, source: str) -> str:
        folder = next(self.prefix.rglob(f"{package}.pc")).parent
        # In two steps, as a build does it: the flags of a linker may name sanitizers that the program is not compiled with.
        compiling, linking = (shlex.split(self.run_well("pkg-config", flags, package, env={**os.environ, "PKG_CONFIG_PATH": str(folder)}))
                              for flags in ("--cflags", "--libs"))
        self.run_well(CXX, "-c", "-o", f"{package}.o", f"consumer/{source}", *compiling)
        self.run_well(CXX, "-o", package, f"{package}.o", *linking)
        return self.run_well(self.folder / package)

    def test_a_program_without_an_engine_is_built_by_pkg_config_and_runs(self) -> None:
        self.assertEqual(self.built_by_pkg_config("sluice", "core.cc"), "67108864\n")

    def test_an_embedder_is_built_by_pkg_config_and_runs(self) -> None:
        self.assertEqual(self.built_by_pkg_config("sluice-v8", "embedder.cc"), EMBEDDER_PRINTS)

    def test_nothing_that_is_installed_names_the_checkout(self) -> None:
        source = str(CONSUMER.parents[2])
        cache = (BUILD / "CMakeCache.txt").read_text()
        v8 = re.search(r"^SLUICE_V8_PREFIX:PATH=(.*)$", cache, re.MULTILINE)
        for path in self.prefix.rglob("*"):
            if path.suffix in (".h", ".cmake", ".pc"):
                text = path.read_text().replace(v8[1] if v8 else "\0", "")
                self.assertNotIn(source, text, path)
                self.assertNotIn('#include "src/', text, path)


if __name__ == "__main__":
    unittest.main()
