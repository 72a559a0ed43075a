"""The replay under memcheck finds what it is for, names the input, and goes on behind it.

    valgrind_test.py [unittest's flags]
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Runs files as a fuzz target without an engine does. One with a u in it jumps on what was never written, one with an l leaks.
_TARGET = r"""
#include <cstdio>
#include <cstdlib>
__attribute__((noinline)) int Look(const volatile int* value) { return *value > 3 ? 1 : 0; }
char* kept;
int main(int argc, char** argv) {
  int sum = 0;
  for (int i = 1; i < argc; ++i) {
    std::fprintf(stderr, "Running: %s\n", argv[i]);
    std::FILE* file = std::fopen(argv[i], "rb");
    const int c = std::fgetc(file);
    std::fclose(file);
    int* value = static_cast<int*>(std::malloc(sizeof(int)));
    if (c != 'u') *value = c;
    if (Look(value)) sum += std::puts("");
    if (c != 'l') std::free(value);
    value = nullptr;
  }
  return 0;
}
"""


class ValgrindTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory(prefix="sluice-valgrind-")
        cls.build = Path(cls._folder.name) / "build"
        fuzzers = cls.build / "fuzzers"
        fuzzers.mkdir(parents=True)
        source = cls.build / "t.cc"
        source.write_text(_TARGET)
        subprocess.run(["clang++", "-O0", "-gdwarf-4", source, "-o", fuzzers / "fake_fuzzer"], check=True)
        (fuzzers / "targets.txt").write_text("fake_fuzzer\ncanary_fuzzer\n")

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    def replay(self, inputs):
        folder = tempfile.TemporaryDirectory(prefix="sluice-valgrind-")
        self.addCleanup(folder.cleanup)
        corpus, self.out = Path(folder.name) / "corpus", Path(folder.name) / "out"
        (corpus / "fake_fuzzer").mkdir(parents=True)
        for name, text in inputs.items():
            (corpus / "fake_fuzzer" / name).write_text(text)
        run = subprocess.run([sys.executable, "-B", ROOT / "scripts/sluice_dev", "valgrind-replay", "--build", self.build, "--corpus", corpus,
                              "--out", self.out, "--seconds", "60", "--jobs", "1"], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=False)
        return run, json.loads((self.out / "summary.json").read_text()) if (self.out / "summary.json").exists() else None

    def test_good_inputs_all_run(self):
        run, summary = self.replay({"a": "a", "b": "b"})
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertEqual(summary["targets"], {"fake_fuzzer": {"replayed": 2, "inputs": 2}})

    def test_a_value_that_was_never_written_is_a_finding_with_its_input_and_the_rest_runs(self):
        run, summary = self.replay({"a": "a", "b": "u", "c": "c", "d": "u"})
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertEqual([finding["target"] for finding in summary["findings"]], ["fake_fuzzer"])
        folder = self.out / summary["findings"][0]["folder"]
        self.assertEqual((folder / "input").read_text(), "u")
        self.assertIn("uninitialised", (folder / "log.txt").read_text())
        self.assertIn("conditional-jump", summary["findings"][0]["identity"])

    def test_a_leak_is_a_finding(self):
        run, summary = self.replay({"a": "l", "b": "b"})
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("leak", summary["findings"][0]["identity"])
        self.assertEqual((self.out / summary["findings"][0]["folder"] / "input").read_text(), "l")

    def test_a_target_that_does_not_start_could_not_run(self):
        build = self.build
        self.addCleanup(setattr, self, "build", build)
        with tempfile.TemporaryDirectory() as folder:
            self.build = Path(folder)
            (self.build / "fuzzers").mkdir()
            (self.build / "fuzzers/targets.txt").write_text("fake_fuzzer\n")
            run, _ = self.replay({"a": "a"})
        self.assertEqual(run.returncode, 2, run.stdout)


if __name__ == "__main__":
    unittest.main()
