"""tests/suite is what its programs give, and its text is for people.

    suite_test.py SLUICE-FUZZ [unittest's arguments]
"""

import json
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.mutation import suite  # noqa: E402

SLUICE_FUZZ = Path(sys.argv.pop(1))


class Suite(unittest.TestCase):
    def setUp(self) -> None:
        self.text = suite.SUITE.read_text()
        self.tests = json.loads(suite.TESTS.read_text())["tests"]

    def test_it_is_what_its_programs_give(self) -> None:
        """If the core changes what an author sees, `scripts/mutants --suite` makes it again."""
        self.assertEqual(suite.emitted(SLUICE_FUZZ), self.text)

    def test_it_has_at_most_150_tests_each_with_a_title_of_its_own_and_a_step(self) -> None:
        titles = [one["title"] for one in self.tests]
        self.assertLessEqual(len(titles), suite.MOST)
        self.assertGreater(len(titles), 10)
        self.assertEqual(len(set(titles)), len(titles))
        self.assertEqual(self.text.count("promise_test("), len(titles))
        for one in self.tests:
            self.assertTrue(one["steps"], one["title"])
            for step in one["steps"]:
                self.assertRegex(step, r"^(#[a-z-]+(, step \d.*)?|No step: .*)$")

    def test_it_uses_nothing_but_the_standard_and_testharness(self) -> None:
        code = re.sub(r"//.*|'[^'\n]*'|`[^`\n]*`|\"[^\"\n]*\"", "", self.text.replace("\\'", ""))
        called = set(re.findall(r"([A-Za-z_]\w*)\(", code))
        ours = {"record", "report", "nameOf", "text", "method", "turn", "endStart", "endWrite", "endClose", "endAbort", "endThen"}
        testharness = {"promise_test", "step_timeout", "assert_array_equals"}
        streams = {"WritableStream", "WritableStreamDefaultWriter", "CountQueuingStrategy", "ByteLengthQueuingStrategy", "getWriter", "write", "close",
                   "abort", "releaseLock", "error", "start", "size", "addEventListener"}
        language = {"function", "async", "if", "catch", "Promise", "Map", "resolve", "reject", "then", "get", "set", "push", "shift"}
        self.assertEqual(called - ours - testharness - streams - language, set())

    def test_what_no_test_notices_has_a_reason(self) -> None:
        lines = [line for line in suite.UNNOTICED.read_text().splitlines() if not line.startswith("#")]
        for line in lines:
            self.assertRegex(line, r"^\S+ .*  # .{10,}")


if __name__ == "__main__":
    unittest.main()
