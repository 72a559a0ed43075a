"""Which targets a change affects, asked of a build of this tree.

    affected_test.py BUILD_DIR [unittest's flags]
"""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.fleet import affected  # noqa: E402  pylint: disable=wrong-import-position

BUILD = Path(sys.argv.pop(1)).resolve()


class AffectedTest(unittest.TestCase):
    def of(self, *changed):
        return set(affected.affected(BUILD, list(changed)))

    def test_a_source_affects_the_targets_it_is_compiled_into(self):
        self.assertEqual(self.of("fuzz/targets/reentrancy_fuzzer.cc"), {"reentrancy_fuzzer"})
        self.assertLessEqual({"writable_stream_fuzzer", "buffer_limit_fuzzer"}, self.of("src/core/writable_stream.cc"))

    def test_a_header_affects_the_targets_whose_sources_include_it(self):
        self.assertLessEqual({"writable_stream_fuzzer", "buffer_limit_fuzzer"}, self.of("src/core/fifo.h"))
        of_configuration = self.of("src/runtime/config/json_syntax.h")
        self.assertIn("config_fuzzer", of_configuration)
        self.assertNotIn("writable_stream_fuzzer", of_configuration)

    def test_seeds_and_dictionaries_affect_their_targets(self):
        self.assertEqual(self.of("corpus/buffer_limit_fuzzer/new.ops"), {"buffer_limit_fuzzer"})
        self.assertLessEqual({"writable_stream_fuzzer", "reentrancy_fuzzer"}, self.of("corpus/writable_stream_fuzzer/new.ops"))
        self.assertEqual(self.of("fuzz/targets/config_fuzzer.dict"), {"config_fuzzer"})

    def test_what_the_build_is_made_of_affects_all(self):
        every = self.of("CMakeLists.txt")
        self.assertIn("program_codec_fuzzer", every)
        self.assertEqual(self.of("src/CMakeLists.txt"), every)
        self.assertEqual(self.of("sanitizers/asan.options"), every)
        self.assertEqual(self.of("src/core/gone.cc"), every)

    def test_documentation_and_the_shell_affect_none(self):
        self.assertEqual(self.of("README.md", "src/core/README.md", "fuzz/lab/main.cc", "tests/core/invariants_test.cc"), set())


if __name__ == "__main__":
    unittest.main()
