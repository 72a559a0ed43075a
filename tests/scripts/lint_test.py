"""scripts/lint would notice: each of its own rules, and actionlint's, with a workflow that breaks it.

    lint_test.py [unittest's flags]
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.common import lint  # noqa: E402  pylint: disable=wrong-import-position

GOOD = """name: good
on: push
permissions:
  contents: read
concurrency:
  group: good
jobs:
  build:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
      - run: echo "$GITHUB_SHA"
"""


class LintTest(unittest.TestCase):
    def says(self, text):
        return " ".join(message for _, message in lint.problems_of(text))

    def test_a_good_workflow_passes(self):
        self.assertEqual(self.says(GOOD), "")

    def test_each_rule_is_noticed(self):
        pin = "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
        for change, word in (((pin, "@v6"), "pin it"), ((pin, "@main # v6.0.2"), "pin it"), ((" # v6.0.2", ""), "say its version"),
                             (('"$GITHUB_SHA"', "${{ github.event.pull_request.title }}"), "as code"),
                             (("permissions:\n  contents: read\n", ""), "no permissions"), (("contents: read", "contents: write"), "one job"),
                             (("concurrency:\n  group: good\n", ""), "no concurrency"), (("    timeout-minutes: 5\n", ""), "no timeout")):
            with self.subTest(word):
                self.assertIn(word, self.says(GOOD.replace(*change)))

    def test_one_action_has_one_version(self):
        other = "      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2\n"
        self.assertIn("another commit", self.says(GOOD + other))

    def test_actionlint_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            good, bad = Path(folder) / "good.yml", Path(folder) / "bad.yml"
            good.write_text(GOOD)
            bad.write_text(GOOD.replace('"$GITHUB_SHA"', "${{ nonsense.sha }}"))
            run = {path: subprocess.run(["node", ROOT / "tests/lint/workflows.mjs", path], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, check=False) for path in (good, bad)}
        self.assertEqual(run[good].returncode, 0, run[good].stdout)
        self.assertEqual(run[bad].returncode, 1, run[bad].stdout)
        self.assertIn("nonsense", run[bad].stdout)


if __name__ == "__main__":
    unittest.main()
