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

from sluice_dev.lint import widths, workflows  # noqa: E402  pylint: disable=wrong-import-position

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
        return " ".join(message for _, message in workflows.problems_of(text))

    def test_a_good_workflow_passes(self):
        self.assertEqual(self.says(GOOD), "")

    def test_each_rule_is_noticed(self):
        pin = "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
        for change, word in (((pin, "@v6"), "pin it"), ((pin, "@main # v6.0.2"), "pin it"), ((" # v6.0.2", ""), "add its version"),
                             (('"$GITHUB_SHA"', "${{ github.event.pull_request.title }}"), "as code"),
                             (("permissions:\n  contents: read\n", ""), "no permissions"), (("contents: read", "contents: write"), "one job"),
                             (("concurrency:\n  group: good\n", ""), "no concurrency"), (("    timeout-minutes: 5\n", ""), "no timeout")):
            with self.subTest(word):
                self.assertIn(word, self.says(GOOD.replace(*change)))

    def test_a_job_may_write_where_the_workflow_may_not(self):
        job = GOOD.replace("    timeout-minutes: 5\n", "    timeout-minutes: 5\n    permissions:\n      issues: write\n")
        self.assertEqual(self.says(job), "")
        # A regular expression over the block needed a minute for each further line.
        self.assertEqual(self.says(GOOD.replace("concurrency:", "\n" * 60 + "concurrency:")), "")
        self.assertIn("one job", self.says(GOOD.replace("  contents: read", "  contents: read\n\n  # why\n  issues: write  # it is")))

    def test_one_action_has_one_version(self):
        other = "      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2\n"
        self.assertIn("another commit", self.says(GOOD + other))

    def test_a_line_may_be_as_long_as_its_language_has_it(self):
        self.assertEqual(widths.check("x" * 120 + "\n" + "y" * 121 + "\n", 120), [(2, "121 columns, 120 are the most")])
        self.assertEqual(widths.problems_of("LICENSE"), [])
        for ending, limit in ((".cc", 120), (".h", 120), (".py", 150), (".mjs", 150), (".sh", 150)):
            with tempfile.NamedTemporaryFile("w", suffix=ending) as file:
                file.write("z" * limit + "\n" + "z" * (limit + 1) + "\n")
                file.flush()
                self.assertEqual(widths.problems_of(file.name), [(2, f"{limit + 1} columns, {limit} are the most")], ending)

    def test_raw_strings_have_the_width_of_javascript(self):
        long = "w" * 130
        for text, lines in ((f'f(R"({long}\n{long}\n{long})");\n{long}\n', [4]), (f'f(R"js({long})\n{long})js");\n', []), (f'f(")" {long});\n', [1]),
                            (f'f(R"(a)" R"(b\n{long})" "c");\n{long}\n', [3]), (f'f(R"({"w" * 130})");\n', []), (f'f(R"({"w" * 151})");\n', [1])):
            self.assertEqual([line for line, _ in widths.check(text, 120)], lines, text)

    def test_an_address_need_not_be_broken(self):
        self.assertEqual(widths.check(f"  // https://example.org/{'a' * 120}\n# https://example.org/{'a' * 120}\n", 120), [])

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
