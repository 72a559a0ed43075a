"""All mutants in one build: what is generated of the sources, and what is reported of the results.

    mutation_test.py [unittest's arguments]
"""

import re
import sys
import tempfile
import unittest
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.mutation import mutants, mutators, schemata, stamp, suite, suite_text, table, wpt_score  # noqa: E402

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


class Suite(unittest.TestCase):
    def test_each_test_that_is_chosen_shows_what_no_other_does(self) -> None:
        candidates = [suite.Candidate("a", "short", {1, 2}), suite.Candidate("b", "longer", {2, 3}), suite.Candidate("c", "longest", {1, 2, 3}),
                      suite.Candidate("d", "x", {4})]
        chosen = suite.greedy(candidates)
        self.assertEqual({one.program for one in chosen}, {"c", "d"})
        for candidate in chosen:
            self.assertTrue(candidate.only)

    def test_a_test_that_depends_on_ticks_is_chosen_only_where_no_other_shows_the_mutant(self) -> None:
        candidates = [suite.Candidate("a", "x", {1, 2}, any_ticks=False), suite.Candidate("b", "longer", {1}), suite.Candidate("c", "longer", {2})]
        self.assertEqual({one.program for one in suite.greedy(candidates)}, {"b", "c"})
        self.assertEqual({one.program for one in suite.greedy(candidates[:2])}, {"a"})

    def test_what_v8_says_decides_and_each_test_that_stays_has_a_witness(self) -> None:
        """w0.abort() notices nothing in V8, though it should; w0.close() does. w0.releaseLock() is not needed: stream.abort() notices 4, too,
        but the process ends before. stream.close() fails without a mutant."""
        mutants_of_core = {number: {"file": "src/core/fifo.h", "line": number} for number in (1, 2, 3, 4)}
        in_v8 = {"w0.write(a)": {1}, "w0.abort()": set(), "w0.close()": {2}, "w0.releaseLock()": {4}, "stream.abort()": {3, 4},
                 "stream.close()": {0, 1, 2, 3, 4}}
        shows = [{1}, {2}, {2}, {4}, {3}, {1, 2}]
        candidates = [suite.Candidate(program, "x" * (6 - index), shown) for index, (program, shown) in enumerate(zip(in_v8, shows, strict=True))]
        fatal = {4}

        def ask(tests: list[suite_text.Test], numbers: Iterable[int]) -> dict[int, list[str]]:
            answer = {number: [test.title for test in tests if number in in_v8[test.program]] for number in numbers}
            return {number: titles[:1] if number in fatal else titles for number, titles in answer.items()}

        kept, noticed = suite.confirmed(candidates, mutants_of_core, ask)
        self.assertEqual(noticed, {1, 2, 3, 4})
        self.assertEqual({one.program for one in kept}, {"w0.write(a)", "w0.close()", "stream.abort()"})
        titles = [test.title for test in suite.tests_of(kept, mutants_of_core)]
        self.assertEqual(len(set(titles)), len(titles))

    def test_a_step_is_named_as_the_comments_name_it(self) -> None:
        text = (ROOT / "src/core/writable_stream.cc").read_text().split("\n")
        line = next(index + 1 for index, code in enumerate(text) if "host.SignalAbort(" in code)
        self.assertEqual(suite_text.step_of("src/core/writable_stream.cc", line),
                         "#writable-stream-abort, step 2: Listeners run here and may change anything")

    def test_a_program_is_a_sentence(self) -> None:
        program = ("highWaterMark 1\nmethods write abort size\non write {\n  w0.close()\n} return pending\non size throw r1\n\nw0 = stream.getWriter()\n"
                   "w0.write(\"a\")\nrun\nread w0\nresolve write\nstream.abort(r1)\n")
        self.assertEqual(suite_text.situation(program), "write(), then a turn later fulfilling the promise of write(), then stream.abort(), "
                         "where write() calls close() and stays pending and size() throws")
        self.assertEqual(suite_text.situation("highWaterMark 1\nmethods start\non start return pending\n"), "a new stream, where start() stays pending")

    def test_the_difference_is_what_must_happen(self) -> None:
        self.assertEqual(suite_text.difference(["sink.write a", "write 2 rejected: r1"], ["sink.write a"]), "the promise of write() 2 is rejected with r1")
        self.assertEqual(suite_text.difference(["ready fulfilled", "close fulfilled"], ["close fulfilled", "ready fulfilled"]),
                         "ready is fulfilled before the promise of close() is fulfilled")
        self.assertEqual(suite_text.difference(["locked false"], ["locked false", "size"]), "nothing else happens")
        self.assertEqual(suite_text.difference(["locked false"], "crash: Segmentation fault"), "the process lives on")


class Lists(unittest.TestCase):
    def test_a_list_of_another_core_is_stale_and_comments_are_no_other_core(self) -> None:
        now = stamp.of_core()
        files = {file: (ROOT / file).read_text() for file in mutators.FILES}
        with mock.patch.object(Path, "read_text", lambda path: "// Another comment.\n\n" + files[str(path.relative_to(ROOT))]):
            self.assertEqual(stamp.of_core(), now)
        with mock.patch.object(Path, "read_text", lambda path: files[str(path.relative_to(ROOT))].replace("true", "false")):
            self.assertNotEqual(stamp.of_core(), now)

    def test_what_the_web_platform_tests_miss_is_compared_with_the_list(self) -> None:
        with tempfile.TemporaryDirectory() as name, mock.patch.object(wpt_score, "LIST", Path(name) / "unnoticed.txt"):
            results = [result("a", "killed", visible="x", wpt=""), result("b", "killed", visible="x", wpt="some test"), result("c", "killed", wpt="")]
            self.assertEqual(len(wpt_score.compare(results, False)), 1)
            self.assertEqual(wpt_score.compare(results, True), [])
            self.assertEqual(wpt_score.compare(results, False), [])
            results[0]["wpt"] = "some test"
            self.assertEqual(len(wpt_score.compare(results, False)), 1)

    def test_an_interrupted_score_of_the_web_platform_tests_resumes_and_leaves_out_what_nobody_can_tell(self) -> None:
        results = [{"name": name, "number": number, "fate": fate, "sight": sight} for number, (name, fate, sight) in enumerate(
            [("seen", "killed", "seen"), ("later", "killed", "open"), ("hidden", "killed", "none"), ("same", "equivalent", "")], 1)]
        asked: list[list[int]] = []

        async def run_all(numbers: list[int], command: list[str], jobs: int, on_found: wpt_score.OnFound) -> None:
            asked.append(numbers)
            on_found(numbers[0], [wpt_score.Noticed("some test", "failed")])
            if len(asked) == 1:
                raise KeyboardInterrupt

        with (tempfile.TemporaryDirectory() as name, mock.patch.object(wpt_score, "_FOLDER", Path(name)), mock.patch.object(wpt_score, "_all", run_all),
              mock.patch.object(wpt_score, "_suite", lambda: Path(name)), mock.patch.object(wpt_score, "_command", lambda suite, tests: [])):
            with self.assertRaises(KeyboardInterrupt):
                wpt_score.score(results, 1, False)
            wpt_score.score(results, 1, True)
            self.assertEqual(asked, [[1, 2], [2]])
            self.assertEqual([one["wpt"] for one in results], ["some test", "some test", "", ""])
            wpt_score.score(results, 1, False)
            self.assertEqual(asked[-1], [1, 2])

    def test_a_reason_says_what_was_proven(self) -> None:
        of = {"number": 1, "oracles": ["ownership"]}
        self.assertIn("on every edge", suite.why_unnoticed(of | {"sight": "none"}, set()))
        self.assertIn("between two microtasks", suite.why_unnoticed(of | {"sight": "seen", "visible": "run 1\n"}, set()))
        self.assertEqual(suite.why_unnoticed(of | {"sight": "seen", "visible": "run\n"}, set()), "")


if __name__ == "__main__":
    unittest.main()
