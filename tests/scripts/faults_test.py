"""scripts/faults: what its jobs run, and what their ends mean.

    faults_test.py [unittest's flags]
"""

import contextlib
import io
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.common.processes import run_async  # noqa: E402
from sluice_dev.fleet import faults  # noqa: E402


class Faults(unittest.TestCase):
    def test_each_job_has_seeds_of_its_own_and_only_the_first_has_all_corpora(self):
        first, second = (faults.command(job, 5, 3_000_000) for job in range(2))
        self.assertEqual(first[1:5], ["--seconds", "5", "--seed", "3000000"])
        self.assertEqual(second[1:5], ["--seconds", "5", "--seed", "3100000"])
        self.assertIn("corpus/writable_stream_fuzzer", first)
        self.assertEqual(second[5:], ["corpus/lifetime_fuzzer"])
        for folder in first[5:]:
            self.assertTrue((ROOT / folder).is_dir(), folder)

    def test_a_job_that_crashes_is_a_finding(self):
        for codes, verdict in (([0, 0], 0), ([0, 1], 1), ([1, 2], 2), ([0, -6], 1), ([134, 0], 1), ([77], 1)):
            self.assertEqual(faults.verdict(codes), verdict, codes)

    def test_what_jobs_print_is_passed_on_and_each_is_waited_for(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            codes = run_async(faults.run_all([["sh", "-c", "echo one; exit 1"], ["sh", "-c", "echo two; kill -ABRT $$"]]))
        self.assertEqual(codes, [1, -6])
        self.assertEqual(sorted(output.getvalue().split()), ["one", "two"])


if __name__ == "__main__":
    unittest.main()
