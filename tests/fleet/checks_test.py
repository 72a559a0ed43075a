"""Each check of scripts/check-ossfuzz fails for a target that is bad in its way, and passes for one that is not.

    checks_test.py [unittest's flags]

The targets are a few lines each and are compiled here, in the environments of the check itself.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.fleet import ossfuzz  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.fleet.checks import Checks, MovedFolder  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.fleet.environment import CannotRun, Environment  # noqa: E402  pylint: disable=wrong-import-position

ASAN = Environment("libfuzzer", "address")
UBSAN = Environment("libfuzzer", "undefined")
AFL = Environment("afl", "address")

# Enough branches that the engine sees something.
GOOD = """
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
{before}
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {{
  {body}
  return size > 3 && data[0] == 'a' && data[1] == 'b' ? 0 : 0;
}}
"""


def source(body="", before=""):
    return GOOD.format(body=body, before=before)


class Bench:
    """A $OUT with targets in it."""

    def __init__(self, environment, folder):
        self.environment = environment
        self.out = Path(folder) / "out"
        self.out.mkdir()
        self._scratch = Path(folder)

    def compile(self, name, code, flags=None, link_flags=None, libraries=""):
        """As build.sh does it, or with other flags."""
        variables = self.environment.compile_variables()
        file = self._scratch / f"{name}.cc"
        file.write_text(code)
        flags = shlex.split(variables["CXXFLAGS"] if flags is None else flags)
        link_flags = shlex.split(variables["CXXFLAGS"] if link_flags is None else link_flags)
        environment = os.environ | {key: value for key, value in variables.items() if key.startswith("AFL_")}
        for command in (["-w", *flags, "-c", file, "-o", f"{file}.o"],
                        ["-w", *link_flags, f"{file}.o", *shlex.split(libraries), variables["LIB_FUZZING_ENGINE"], "-o", self.out / name]):
            subprocess.run([variables["CXX"], *command], check=True, env=environment)
        self.seeds(name, {"one": b"abc"})

    def seeds(self, name, files):
        with zipfile.ZipFile(self.out / f"{name}_seed_corpus.zip", "w") as archive:
            for file, data in files.items():
                archive.writestr(file, data)

    def options(self, name, text):
        (self.out / f"{name}.options").write_text(text)

    def results(self):
        return ossfuzz.check(self.environment, self.out, os.cpu_count())


class ChecksTest(unittest.TestCase):
    maxDiff = None

    def bench(self, environment=ASAN):
        folder = tempfile.TemporaryDirectory(prefix="sluice-fakes-")
        self.addCleanup(folder.cleanup)
        return Bench(environment, folder.name)

    def assert_fails(self, results, expected):
        """expected: target -> checks that fail, and no other; with a part of the reason."""
        for target, checks in expected.items():
            failed = {name: problem for name, problem in results[target].items() if problem}
            self.assertEqual(set(failed), set(checks), f"{target}: {failed}")
            for name, reason in checks.items():
                self.assertIn(reason, failed[name], target)

    def test_bad_targets_of_an_asan_build_each_fail_their_check(self):
        bench = self.bench()
        beside = bench.out / "needed.txt"
        beside.write_text("data")
        flags = ASAN.compile_variables()["CXXFLAGS"]
        many = "".join(f"volatile int v{i} = (int)size; v{i} += {i} + v{i}; v{i} *= v{i}; v{i} -= 7;" for i in range(60))
        initialize = 'extern "C" int LLVMFuzzerInitialize(int*, char***) {{ {} return 0; }}'
        bench.compile("good_fuzzer", source())
        bench.seeds("good_fuzzer", {"one": b"abc", "empty": b""})
        bench.options("good_fuzzer", "[libfuzzer]\nmax_len=3\ndict=words.dict\n[asan]\ndetect_leaks=0\n")
        (bench.out / "words.dict").write_text('"ab"\n')
        bench.compile("blind_fuzzer", source(), flags.replace("-fsanitize=fuzzer-no-link", ""))
        bench.compile("crashing_fuzzer", source(before=initialize.format("abort();")))
        bench.compile("mixed_fuzzer", source(many), *2 * [flags + " -fsanitize=undefined"])
        bench.compile("absolute_fuzzer", source(before=initialize.format(f'if (!fopen("{beside}", "r")) abort();')))
        bench.compile("writing_fuzzer", source(before=initialize.format('if (!fopen("here.txt", "w")) abort();')))
        bench.compile("bad_seed_fuzzer", source("if (size == 5 && memcmp(data, \"crash\", 5) == 0) abort();"))
        bench.seeds("bad_seed_fuzzer", {"one": b"crash"})
        bench.compile("cut_seed_fuzzer", source())
        bench.options("cut_seed_fuzzer", "[libfuzzer]\nmax_len=2\n")
        bench.compile("no_seeds_fuzzer", source())
        (bench.out / "no_seeds_fuzzer_seed_corpus.zip").unlink()
        bench.compile("misspelt_fuzzer", source())
        bench.options("misspelt_fuzzer", "[libfuzzer]\nmaxlen=10\n")
        bench.compile("misspelt_asan_fuzzer", source())
        bench.options("misspelt_asan_fuzzer", "[asan]\ndetect_laeks=0\n")
        bench.compile("bad_words_fuzzer", source())
        (bench.out / "bad_words_fuzzer.dict").write_text("no quotes\n")
        bench.compile("no_words_fuzzer", source())
        bench.options("no_words_fuzzer", "[libfuzzer]\ndict=none.dict\n")
        results = bench.results()
        words = {"dictionary": "is not understood"}
        self.assert_fails(results, {
            "good_fuzzer": {},
            "crashing_fuzzer": {"start-up": "ABRT", "seeds": "ABRT"},
            "mixed_fuzzer": {"sanitizers": "with UBSan in it"},
            "absolute_fuzzer": {"start-up": "", "seeds": ""},
            "writing_fuzzer": {"start-up": "", "seeds": ""},
            "bad_seed_fuzzer": {"seeds": ""},
            "cut_seed_fuzzer": {"seeds": "longer than max_len=2"},
            "no_seeds_fuzzer": {"seeds": "there is no no_seeds_fuzzer_seed_corpus.zip"},
            "misspelt_fuzzer": {"options": "maxlen"},
            "misspelt_asan_fuzzer": {"options": "detect_laeks"},
            "bad_words_fuzzer": words | {"start-up": "ParseDictionaryFile", "seeds": "ParseDictionaryFile"},
            "no_words_fuzzer": {"dictionary": "none.dict does not exist", "start-up": "", "seeds": "", "options": ""},
        })
        # Newer versions of libFuzzer go on, so that it starts as well.
        self.assertIn("not instrumented", results["blind_fuzzer"]["engine"])
        self.assertTrue(beside.exists(), "the folder is back in its place")

    def test_targets_without_their_sanitizer_fail(self):
        bench = self.bench()
        bench.compile("good_fuzzer", source())
        # Linked with ASan, whose own code calls its own functions more often than their threshold says.
        bench.compile("plain_fuzzer", source(), "-O1 -fsanitize=fuzzer-no-link")
        self.assert_fails(bench.results(), {"good_fuzzer": {}, "plain_fuzzer": {"sanitizers": "not built with ASan"}})
        bench = self.bench(UBSAN)
        bench.compile("good_fuzzer", source("volatile int v = (int)size; v += v; v *= v;"))
        bench.compile("asan_fuzzer", source(), *2 * [ASAN.compile_variables()["CXXFLAGS"]])
        bench.compile("plain_fuzzer", source(), "-O1 -fsanitize=fuzzer-no-link")
        results = bench.results()
        self.assert_fails(results, {"good_fuzzer": {}})
        self.assertIn("with ASan in it", results["asan_fuzzer"]["sanitizers"])
        self.assertIn("not built with UBSan", results["plain_fuzzer"]["sanitizers"])

    def test_a_library_that_is_not_beside_the_target_fails(self):
        bench = self.bench()
        library = bench.out.parent / "libhelper.so"
        (bench.out.parent / "helper.cc").write_text('extern "C" int helper() { return 1; }')
        subprocess.run(["clang++", "-shared", "-fPIC", bench.out.parent / "helper.cc", "-o", library], check=True)
        code = source("if (helper() == 2) abort();", 'extern "C" int helper();')
        bench.compile("away_fuzzer", code, libraries=f"-L{library.parent} -lhelper -Wl,-rpath,{library.parent}")
        bench.compile("beside_fuzzer", code, libraries=f"-L{library.parent} -lhelper -Wl,-rpath,'$ORIGIN'")
        away = bench.results()
        self.assertIn("libhelper.so", away["away_fuzzer"]["libraries"])
        (bench.out / "libhelper.so").write_bytes(library.read_bytes())
        self.assert_fails(bench.results(), {"beside_fuzzer": {}})

    def test_another_machines_target_fails(self):
        bench = self.bench()
        script = bench.out / "script_fuzzer"
        script.write_text("#!/bin/sh\n# LLVMFuzzerTestOneInput\n")
        script.chmod(0o755)
        self.assertIn("not built for", bench.results()["script_fuzzer"]["architecture"])

    def test_afl_finds_what_is_not_instrumented_what_crashes_and_a_wrong_dictionary(self):
        try:
            AFL.compile_variables()
        except CannotRun as missing:
            self.fail(str(missing))
        bench = self.bench(AFL)
        flags = AFL.compile_variables()["CXXFLAGS"]
        bench.compile("good_fuzzer", source())
        (bench.out / "good_fuzzer.dict").write_text('"ab"\n')
        bench.compile("crashing_fuzzer", source(before='extern "C" int LLVMFuzzerInitialize(int*, char***) { abort(); }'))
        bench.compile("always_crashing_fuzzer", source("abort();"))
        bench.compile("bad_words_fuzzer", source())
        (bench.out / "bad_words_fuzzer.dict").write_text("no quotes\n")
        bench.compile("plain_fuzzer", source(), flags.replace("-fsanitize=address", ""))
        results = bench.results()
        self.assert_fails(results, {"good_fuzzer": {}})
        self.assertTrue(results["crashing_fuzzer"]["start-up"], results)
        self.assertTrue(results["always_crashing_fuzzer"]["engine"], results)
        self.assertTrue(results["bad_words_fuzzer"]["dictionary"], results)
        self.assertIn("not built with ASan", results["plain_fuzzer"]["sanitizers"])

    def test_an_uninstrumented_program_does_not_start_under_afl(self):
        bench = self.bench(AFL)
        file = bench.out.parent / "blind.cc"
        file.write_text(source() + "int main() { char b[9]; return LLVMFuzzerTestOneInput((uint8_t*)b, fread(b, 1, 9, stdin)); }")
        subprocess.run(["clang++", "-fsanitize=address", file, "-o", bench.out / "blind_fuzzer"], check=True)
        self.assertIn("afl-fuzz does not start", bench.results()["blind_fuzzer"]["engine"])

    def test_without_instrumentation_for_coverage_there_is_no_profile(self):
        bench = self.bench(Environment("libfuzzer", "coverage"))
        bench.compile("good_fuzzer", source())
        bench.compile("blind_fuzzer", source(), *2 * ["-O1"])
        results = bench.results()
        self.assert_fails(results, {"good_fuzzer": {}})
        self.assertTrue(results["blind_fuzzer"]["coverage"], results)

    def test_no_target_is_a_failure(self):
        bench = self.bench()
        (bench.out / "README").write_text("LLVMFuzzerTestOneInput")
        self.assertEqual(bench.results(), {})
        self.assertEqual(len(ossfuzz.failures({"libfuzzer-address": {}})), 1)
        self.assertIn("FAIL", ossfuzz.table({"libfuzzer-address": {}}))

    def test_the_environment_of_the_caller_is_not_the_targets(self):
        bench = self.bench()
        os.environ["SLUICE_STRAY"] = "1"
        self.addCleanup(os.environ.pop, "SLUICE_STRAY")
        bench.compile("stray_fuzzer",
                      source(before='extern "C" int LLVMFuzzerInitialize(int*, char***) { if (getenv("SLUICE_STRAY")) abort(); return 0; }'))
        self.assert_fails(bench.results(), {"stray_fuzzer": {}})

    def test_a_moved_folder_is_read_only_and_comes_back(self):
        bench = self.bench()
        (bench.out / "file").write_text("data")
        with MovedFolder(bench.out) as moved:
            self.assertFalse(bench.out.exists())
            self.assertEqual(moved.stat().st_mode & 0o222, 0)
            self.assertEqual(Checks(moved, ASAN).targets(), [])
        self.assertEqual((bench.out / "file").read_text(), "data")
        self.assertTrue((bench.out / "file").stat().st_mode & 0o200)


if __name__ == "__main__":
    unittest.main()
