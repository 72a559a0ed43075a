"""A real target keeps its last inputs where a crash leaves them, and scripts/sluice_dev/engines/recent_inputs.py reads what it wrote.

    recent_inputs_test.py SOURCE_DIR BUILD_DIR
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE, BUILD = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(SOURCE / "scripts"))
from sluice_dev.engines import recent_inputs  # noqa: E402

CRASH = b"methods write\non write return pending\nw0 = stream.getWriter()\nrun\nw0.write(\"a\")\nw0.abort(r0)\nw0.releaseLock()\n"


class RecentInputs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "recent").mkdir()

    def run_target(self, name, inputs, recent):
        paths = [self.folder / f"{number:03}" for number in range(len(inputs))]
        for path, data in zip(paths, inputs):
            path.write_bytes(data)
        return subprocess.run([BUILD / "fuzzers" / name, *paths], env=os.environ | {recent_inputs.VARIABLE: str(recent)}, text=True,
                              capture_output=True, errors="replace", check=False)

    def test_inputs_before_a_crash_are_listed_in_order(self):
        inputs = [b"w0.close()\n" + b"#" * number for number in range(50)]
        run = self.run_target("canary_fuzzer", [*inputs, CRASH], self.folder / "recent")
        self.assertIn("SLUICE-FINDING", run.stderr)
        before = recent_inputs.before(self.folder / "recent", CRASH)
        self.assertEqual(len(before), 31)
        # The engine runs some twice, to look for leaks.
        once = [data for number, data in enumerate(before) if number == 0 or data != before[number - 1]]
        self.assertGreater(len(once), 15)
        self.assertEqual(once, inputs[-len(once):])

    def test_the_codecs_target_keeps_them_too(self):
        self.assertEqual(self.run_target("program_codec_fuzzer", [b"run\n", b"x"], self.folder / "recent").returncode, 0)
        self.assertEqual(recent_inputs.before(self.folder / "recent", b"x")[-1:], [b"run\n"])

    def test_a_folder_that_is_not_there_is_no_finding(self):
        run = self.run_target("writable_stream_fuzzer", [b"run\n"], self.folder / "missing")
        self.assertEqual(run.returncode, 0, run.stderr)


if __name__ == "__main__":
    unittest.main()
