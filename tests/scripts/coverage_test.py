"""What scripts/coverage makes of llvm-cov's numbers, of the citations of the standard, and of the list of unreached lines."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.common.errors import CannotRun  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.coverage import data as coverage_data  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.coverage import script  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.coverage import steps  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.coverage import unreached as coverage_unreached  # noqa: E402  pylint: disable=wrong-import-position

SOURCE = """#define SLUICE_ASSERT(condition) \\
  do {                           \\
    if (!(condition)) throw 1;   \\
  } while (false)

template <bool kReads>
int Discarded(int x) {
  if constexpr (kReads) x = x > 3 ? 1 : 2;
  return x;
}

int Partly(int x) {
  SLUICE_ASSERT(x > 0 ||
                x < -5);
  if (x > 100) return 7;
  const int y = x > 1
                    ? 3
                    : 4;
  return x == 1 || y == 9 ? 1 : 2;
}

int Never() {
  return 5;
}

int main() {
  auto lambda = [](int x) {
    return x;
  };
  for (int i = 0; i < 3; ++i) Discarded<false>(i);
  Discarded<true>(1);
  Discarded<true>(5);
  return Partly(1) + lambda(-1);
}
"""


def measured(folder):
    """SOURCE as src/core/x.cc, run, and measured."""
    source = folder / "src/core/x.cc"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE)
    binary, profile = folder / "x", folder / "x.profdata"

    def run(*command, **options):
        return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True, **options).stdout

    run("clang++", "-std=c++20", "-O0", "-fprofile-instr-generate", "-fcoverage-mapping", source, "-o", binary)
    run(binary, env={"LLVM_PROFILE_FILE": str(folder / "x.profraw")})
    run("llvm-profdata", "merge", "-sparse", folder / "x.profraw", "-o", profile)
    export = json.loads(run("llvm-cov", "export", f"-instr-profile={profile}", binary))
    lcov = run("llvm-cov", "export", "-format=lcov", f"-instr-profile={profile}", binary)
    return coverage_data.CoverageData(export, lcov, folder).files["src/core/x.cc"]


class Measured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.file = measured(Path(cls.folder.name))

    def unreached(self):
        return [(self.file.function_at(line), self.file.text[line - 1].strip()) for line in self.file.unreached()]

    def test_a_line_has_the_count_of_the_region_that_runs_most_often(self):
        counts = {self.file.text[line - 1].strip(): count for line, count in self.file.lines.items()}
        self.assertEqual(counts["return 5;"], 0)
        self.assertEqual(counts["for (int i = 0; i < 3; ++i) Discarded<false>(i);"], 4)
        self.assertEqual(counts["return x;"], 1)  # the lambda's; the other one is of a template
        self.assertNotIn("", counts)

    def test_what_was_not_reached_is_known_by_function_and_text(self):
        self.assertEqual(self.unreached(), [
            ("Partly", "if (x > 100) return 7;"), ("Partly", "? 3"), ("Partly", "return x == 1 || y == 9 ? 1 : 2;"),
            ("Never", "int Never() {"), ("Never", "return 5;"), ("Never", "}")])

    def test_the_other_side_of_an_assert_is_not_counted(self):
        asserts = [i for i, line in enumerate(self.file.text, 1) if "SLUICE_ASSERT" in line or "x < -5" in line]
        self.assertTrue(set(asserts) <= self.file.asserts)
        self.assertFalse(any(place[0] in self.file.asserts for place in (*self.file.branches, *self.file.regions)))

    def test_conditions_with_one_outcome_are_reported(self):
        self.assertIn(("x > 100", "true"), [(text, never) for _, text, never in self.file.one_sided()])
        self.assertNotIn("x > 3", [text for _, text, _ in self.file.one_sided()])

    def test_totals(self):
        totals = self.file.totals()
        self.assertEqual(totals["lines"]["count"], len(self.file.lines))
        self.assertEqual(totals["lines"]["reached"], sum(count > 0 for count in self.file.lines.values()))
        self.assertLess(totals["branches"]["reached"], totals["branches"]["count"])


class Script(unittest.TestCase):
    def test_functions_and_blocks_are_named_with_their_lines(self):
        printed = {"lines": 9, "reached": 7, "unreached": [
            {"function": "callAbort", "whole": True, "first": 1, "last": 2}, {"function": "finish", "whole": False, "first": 3, "last": 3},
            {"function": "", "whole": False, "first": 2, "last": 2}]}
        measured_script = script.parse(json.dumps(printed), ["function callAbort() {", "  abort();", "  if (broken) throw 1;"])
        self.assertEqual((measured_script.lines, measured_script.reached), (9, 7))
        self.assertEqual([str(each) for each in measured_script.unreached], [
            f"{script.SOURCE}:1-2: callAbort: never called", f"{script.SOURCE}:3: finish: `if (broken) throw 1;`",
            f"{script.SOURCE}:2: outside of functions: `abort();`"])

    def test_a_program_that_fails_is_not_measured(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / script.PROGRAM
            program.write_text("#!/bin/sh\necho wrong >&2\nexit 2\n")
            program.chmod(0o755)
            with self.assertRaisesRegex(CannotRun, "exit code 2.*\\nwrong"):
                script.measure(ROOT, Path(folder), ["corpus"])


class Names(unittest.TestCase):
    def test_functions_have_their_last_name(self):
        for demangled, name in {
                "sluice::core::(anonymous namespace)::Reader::Take<double>(std::basic_string_view<char>, double&)": "Take",
                "bool sluice::core::(anonymous namespace)::Visit<A, B<C> >(A&, B<C>&)::'lambda'(auto&)::operator()(int) const": "Visit",
                "sluice::core::Restore(std::string_view)::$_0::operator()(int&) const": "Restore",
                "sluice::core::Fifo<sluice::core::QueueEntry>::operator=(sluice::core::Fifo<sluice::core::QueueEntry>&&)": "operator=",
                "sluice::core::operator==(sluice::core::A const&, sluice::core::A const&)": "operator==",
                "sluice::core::Host::~Host()": "~Host",
                "main": "main",
        }.items():
            self.assertEqual(coverage_data.short_name(demangled), name)


class UnreachedList(unittest.TestCase):
    """The list against a file of which `Never` and one line of `Partly` were not reached."""

    def setUp(self):
        self.text = ["int Partly(int x) {", "  if (x) return 7;", "  return 2;", "}", "int Never() {", "  return 5;", "}"]
        self.programs = self.file({1: 1, 2: 1, 3: 0, 4: 1, 5: 0, 6: 0, 7: 0})
        self.good = ("tests src/core/x.cc Partly: a reason\n  return 2;\n", "nothing src/core/x.cc Never: a reason\n")

    def file(self, lines):
        file = coverage_data.File("src/core/x.cc", "\n".join(self.text))
        file.lines = lines
        file.functions = [coverage_data.Function("Partly", 1, 4), coverage_data.Function("Never", 5, 7)]
        return file

    def problems(self, *entries, tests=None):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "unreached.txt"
            path.write_text("# a comment\n\n" + "".join(entries))
            listed, problems = coverage_unreached.read(path, "list")
        found, reasons = coverage_unreached.check(listed, {"src/core/x.cc": self.programs}, tests and {"src/core/x.cc": tests})
        return problems + found, reasons

    def test_a_complete_list_has_no_problems(self):
        problems, reasons = self.problems(*self.good, tests=self.file({1: 1, 2: 1, 3: 4, 4: 1, 5: 0, 6: 0, 7: 0}))
        self.assertEqual(problems, [])
        self.assertEqual(set(reasons), {("src/core/x.cc", line) for line in (3, 5, 6, 7)})

    def test_what_is_not_listed_is_reported_with_its_text(self):
        (problem,), _ = self.problems(self.good[1])
        self.assertIn("src/core/x.cc:3: no program of corpus/ reaches `return 2;` in Partly", problem)

    def test_an_entry_that_is_reached_is_an_error(self):
        (problem,), _ = self.problems(*self.good, "tests src/core/x.cc Partly: a reason\n  if (x) return 7;\n")
        self.assertIn("take it out of the list", problem)

    def test_a_whole_function_that_is_reached_in_part_is_an_error(self):
        problems, _ = self.problems(self.good[1], "tests src/core/x.cc Partly: a reason\n")
        self.assertIn("line 1 of it: take it out", problems[0])

    def test_an_entry_that_matches_nothing_is_an_error(self):
        for entry, words in {"tests src/core/x.cc Partly: why\n  return 3;\n": "has no line `return 3;`",
                             "tests src/core/x.cc Gone: why\n": "has no function Gone",
                             "tests src/core/y.cc Gone: why\n": "there is no src/core/y.cc",
                             "src/core/x.cc Partly why\n": "is not of the form"}.items():
            problems, _ = self.problems(*self.good, entry)
            self.assertEqual(len(problems), 1, problems)
            self.assertIn(words, problems[0])

    def test_unit_tests_must_reach_what_they_are_listed_for(self):
        problems, _ = self.problems(*self.good, tests=self.file({1: 1, 2: 1, 3: 0, 4: 1, 5: 1, 6: 0, 7: 0}))
        self.assertTrue(any("no unit test reaches `return 2;`" in problem for problem in problems))
        self.assertTrue(any("a unit test reaches `int Never() {`" in problem for problem in problems))


class Steps(unittest.TestCase):
    def test_every_citation_of_the_core_has_a_statement(self):
        cited = steps.citations(ROOT)
        self.assertGreater(sum(len(citation.steps) for citation in cited), 350)
        self.assertEqual([c.name for c in cited if c.first == 0], [])
        self.assertTrue(all(c.line < c.first <= c.last for c in cited))

    def test_a_statement_ends_at_the_next_citation(self):
        abort = {tuple(c.steps): c for c in steps.citations(ROOT) if c.operation == "WritableStreamAbort"}
        text = (ROOT / "src/core/writable_stream.cc").read_text().split("\n")
        self.assertIn("const StreamState state", text[abort["3",].first - 1])
        self.assertEqual(abort["3",].first, abort["3",].last)
        self.assertEqual(abort["10",].last - abort["10",].first, 2)

    def test_a_step_is_performed_whole_if_all_of_its_statement_is_reached(self):
        file = coverage_data.File("src/core/x.cc", "// 1.\nreturn a ? b : c;\n// 2.\nreturn;\n")
        file.lines = {2: 1, 4: 0}
        file.regions = {(2, 12, 2, 13): 1, (2, 16, 2, 17): 0}
        one = steps.Citation("X", "x", ["1"], "src/core/x.cc", 1, first=2, last=2)
        two = steps.Citation("X", "x", ["2"], "src/core/x.cc", 3, first=4, last=4)
        steps.judge([one, two], {"src/core/x.cc": file})
        self.assertEqual((one.reached, one.unreached), (True, [2]))
        self.assertEqual((two.reached, two.unreached), (False, [4]))


if __name__ == "__main__":
    unittest.main()
