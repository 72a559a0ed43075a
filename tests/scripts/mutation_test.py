"""All mutants in one build: what is generated of the sources, and what is reported of the results.

    mutation_test.py [unittest's arguments]
"""

import re
import sys
import unittest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.mutation import mutants, mutators, schemata, table  # noqa: E402

SOURCE = """#include "src/core/some.h"

namespace sluice::core {

// https://streams.spec.whatwg.org/#some-operation
int Some(Host& host, std::optional<int> limit,
         std::unique_ptr<int> owned) {
  // 1. The first.
  host.Resolve(owned);
  // 2. The second.
  if (limit == 3 && *owned < 4) return 1;
  return Another(host,
                 limit);
}

}  // namespace sluice::core
"""


def generated(text: str) -> tuple[schemata.Source, str]:
    source = schemata.read("src/core/some.cc", text)
    schemata.generate([source])
    return source, source.text


class Schemata(unittest.TestCase):
    def test_the_original_stays_after_a_branch_to_each_copy(self) -> None:
        source, text = generated(SOURCE)
        original = text[text.rindex("int Some(Host& host"):]
        branches = re.search(r"\{ ::sluice::core::MutantReached\(0\); switch .*?\}(?=\n)", original)
        assert branches is not None
        self.assertEqual(original.replace(branches[0], "{"), SOURCE[SOURCE.index("int Some"):])
        for number in range(1, 1 + sum(1 for planted in source.planted if planted.number)):
            self.assertIn(f"case {number}: return Some_m{number}(host, limit, std::move(owned));", branches[0])
            self.assertEqual(text.count(f"int Some_m{number}(Host& host"), 1)

    def test_a_copy_differs_from_the_original_in_the_mutants_line(self) -> None:
        source, text = generated(SOURCE)
        planted = next(one for one in source.planted if "`&&` became `||`" in one.mutant.what)
        first, last = planted.copied_at
        copied = "\n".join(text.split("\n")[first - 1:last])
        self.assertIn("if (limit == 3 || *owned < 4) return 1;", copied)
        original = SOURCE[SOURCE.index("int Some"):SOURCE.index("\n}\n") + 2]
        self.assertEqual(copied.replace("||", "&&").replace(f"Some_m{planted.number}(", "Some("), original)

    def test_half_a_statement_is_no_mutant_of_the_build(self) -> None:
        source, _ = generated(SOURCE)
        planted = next(one for one in source.planted if one.mutant.what == "dropped `limit);`")
        self.assertEqual((planted.number, planted.why_not), (0, "does not compile: its brackets do not match"))

    def test_each_mutant_of_the_core_has_a_name_of_its_own(self) -> None:
        sources = [schemata.read(file, (ROOT / file).read_text()) for file in mutators.FILES]
        schemata.generate(sources)
        names = list(schemata.names_of(sources).values())
        self.assertGreater(len(names), 700)
        self.assertEqual(len(names), len(set(names)))

    def test_listed_survivors_are_mutants_and_have_a_reason(self) -> None:
        sources = [schemata.read(file, (ROOT / file).read_text()) for file in mutators.FILES]
        schemata.generate(sources)
        names = set(schemata.names_of(sources).values())
        # What does not compile has no number, and would shift none of the names.
        for name, reason in mutants.survivors().items():
            self.assertTrue(name in names, name)
            self.assertTrue(reason, name)


def result(name: str, fate: str, **more: Any) -> dict[str, Any]:
    return {"number": 1, "name": name, "file": "src/core/a.cc", "line": 1, "why_not": "", "fate": fate, "oracles": [], "findings": []} | more


class Results(unittest.TestCase):
    def test_a_survivor_that_was_killed_is_a_complaint_and_so_is_one_that_is_not_listed(self) -> None:
        known = {"a.cc F: one": "reason", "a.cc F: two": "reason"}
        good = [result("a.cc F: one", "equivalent"), result("a.cc F: two", "not run"), result("a.cc F: three", "killed")]
        self.assertEqual(mutants.compare(good, known), [])
        killed = [result("a.cc F: one", "killed"), *good[1:]]
        self.assertEqual(len(mutants.compare(killed, known)), 1)
        alive = [*good[:2], result("a.cc F: three", "undecided")]
        self.assertEqual(len(mutants.compare(alive, known)), 1)
        self.assertEqual(len(mutants.compare(good[1:], known)), 1)

    def test_an_oracle_counts_what_no_other_finds(self) -> None:
        killed = [result("1", "killed", oracles=["model", "slots"], findings=["slots/x"]),
                  result("2", "killed", oracles=["slots"], findings=["slots/y"])]
        text = table.by_oracle(killed)
        self.assertIn("| model | 1 | 0 | 0 |", text)
        self.assertIn("| slots | 2 | 2 | 1 |", text)


if __name__ == "__main__":
    unittest.main()
