"""The runner of scripts/wpt with suites of tiny fake tests in a fake shell: what is told, and the exit codes.

    runner_test.py [unittest's arguments]
"""

import hashlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "scripts/sluice_dev"
SHELL = f"{shlex.quote(sys.executable)} {shlex.quote(str(HERE / 'fake_shell.py'))}"

sys.path.insert(0, str(PACKAGE.parent))
from sluice_dev.conformance import suite  # noqa: E402


class Runner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.suite = self.folder / "suite"
        self.write("resources/testharness.js", "")
        self.expectations = {"scope": ["area"]}

    def write(self, path, text):
        (self.suite / path).parent.mkdir(parents=True, exist_ok=True)
        (self.suite / path).write_text(text, encoding="utf-8")

    def command(self, *arguments, shell=SHELL):
        listed = self.folder / "expectations.json"
        text = self.expectations if isinstance(self.expectations, str) else json.dumps(self.expectations)
        listed.write_text(text, encoding="utf-8")
        return [sys.executable, "-B", PACKAGE, "wpt", "--suite", self.suite, "--expectations", listed, "--runner", shell, *arguments]

    def run_it(self, *arguments, shell=SHELL):
        return subprocess.run(self.command(*arguments, shell=shell), text=True, errors="replace", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=False)

    def assert_exit(self, code, run, *patterns):
        output = run.stdout + run.stderr
        self.assertEqual(run.returncode, code, output)
        self.assertNotIn("Traceback", run.stderr)
        for pattern in patterns:
            self.assertRegex(output, re.compile(pattern, re.M))

    # --- Results as expected and not ---

    def test_passes(self):
        self.write("area/one.any.js", "result('x'); result('y'); complete()")
        self.assert_exit(0, self.run_it(), r"^ok +area/one.any.js +2 passed$", "^1 test file: 2 subtests passed, 0 failed$",
                         "Everything is as expected")

    def test_a_failure_is_reported_with_its_message_and_the_frames_of_the_test(self):
        frames = f"at f ({self.suite}/area/one.any.js:7:1)\nat g ({self.suite}/resources/testharness.js:9:9)\nat shell.js:1"
        self.write("area/one.any.js", f"result('x'); result('y', 1, 'expected 1 but got 2', {frames!r}); complete()")
        run = self.run_it()
        self.assert_exit(1, run, r"^FAIL +area/one.any.js +1 passed, 1 failed$", "FAIL: y$", "^ +expected 1 but got 2$",
                         r"^ +at f \(area/one.any.js:7:1\)$", "Not as expected: 1 test file.$")
        self.assertNotIn("testharness.js:9", run.stdout)
        self.assertNotIn("shell.js", run.stdout)

    def test_every_status_but_pass_is_a_failure(self):
        for status, name in ((1, "FAIL"), (2, "TIMEOUT"), (3, "NOTRUN"), (4, "PRECONDITION_FAILED")):
            self.write("area/one.any.js", f"result('x', {status}); complete()")
            self.assert_exit(1, self.run_it(), f"{name}: x$")

    def test_a_listed_failure_is_expected(self):
        self.expectations["may_not_pass"] = {"area/one.any.js": {"y": "why"}}
        self.write("area/one.any.js", "result('x'); result('y', 1, 'no'); complete()")
        self.assert_exit(0, self.run_it(), r"1 passed, 1 failed as listed$")

    def test_a_listed_failure_that_passes_is_unexpected(self):
        self.expectations["may_not_pass"] = {"area/one.any.js": {"y": "the reason"}}
        self.write("area/one.any.js", "result('x'); result('y'); complete()")
        self.assert_exit(1, self.run_it(), "'y' passes, but expectations.json lists it: the reason")

    def test_a_listed_name_that_is_gone_is_unexpected(self):
        self.expectations["may_not_pass"] = {"area/one.any.js": {"z": "why"}}
        self.write("area/one.any.js", "result('x'); complete()")
        self.assert_exit(1, self.run_it(), "there is no subtest 'z', which expectations.json lists")

    def test_a_line_may_stand_for_all_names_that_begin_so(self):
        self.expectations["may_not_pass"] = {"area/one.any.js": {"with *": "the reason"}}
        self.write("area/one.any.js", "result('x'); result('with a', 1); result('with b', 1); complete()")
        self.assert_exit(0, self.run_it(), r"1 passed, 2 failed as listed$")
        self.write("area/one.any.js", "result('with a', 1); result('with b'); result('without', 1); complete()")
        self.assert_exit(1, self.run_it(), "'with b' passes, but expectations.json lists it: the reason", "FAIL: without")
        self.write("area/one.any.js", "result('x'); complete()")
        self.assert_exit(1, self.run_it(), r"there is no subtest 'with \*', which expectations.json lists")

    def test_a_line_may_stand_for_all_names_that_end_so(self):
        self.expectations["may_not_pass"] = {"area/one.any.js": {"* => b": "the reason"}}
        self.write("area/one.any.js", "result('x => a'); result('x => b', 1); result('y => b', 1); complete()")
        self.assert_exit(0, self.run_it(), r"1 passed, 2 failed as listed$")
        self.write("area/one.any.js", "result('x => b'); result('x => bb', 1); complete()")
        self.assert_exit(1, self.run_it(), "'x => b' passes, but expectations.json lists it: the reason", "FAIL: x => bb")

    # --- Shells and tests that do not end as they should ---

    def assert_broken(self, source, *patterns):
        self.write("area/one.any.js", source)
        self.write("area/two.any.js", "result('fine'); complete()")
        self.assert_exit(1, self.run_it(), *patterns, "^ok +area/two.any.js +1 passed$")

    def test_a_crash_is_reported_with_how_far_it_came_and_the_shells_last_words(self):
        self.assert_broken("result('x'); start('y'); print('last words', file=sys.stderr, flush=True); os.abort()",
                           "ended by SIGABRT before the tests were complete; 1 subtest had ended; had not: 'y'", "^ +last words$")

    def test_an_exit_code_counts_even_after_all_has_passed(self):
        self.assert_broken("result('x'); complete(); sys.exit(3)", "exited with 3 after the tests were complete")

    def test_an_uncaught_error_is_reported(self):
        self.assert_broken("result('x'); raise ValueError('of the test')", "exited with 1 before", "ValueError: of the test")

    def test_a_promise_that_never_settles_is_reported(self):
        self.assert_broken("start('waits'); result('x')", "nothing left to do before the tests were complete", "had not: 'waits'")

    def test_a_hang_is_killed_and_told(self):
        self.write("area/one.any.js", "result('x'); start('y')\nwhile True: signal.pause()")
        self.write("area/two.any.js", "result('x'); complete()\nwhile True: signal.pause()")
        self.write("area/three.any.js", "result('fine'); complete()")
        self.assert_exit(1, self.run_it("--timeout-multiplier", "0.5", "--jobs", "3"),
                         "hangs: not over after 5 seconds, and killed; 1 subtest had ended; had not: 'y'",
                         "it was complete, but the shell did not end", "^ok +area/three.any.js")

    def test_what_a_killed_shell_had_started_is_killed_too(self):
        self.write("area/one.any.js", "if os.fork() == 0:\n while True: signal.pause()\nstart('y')")
        self.assert_exit(1, self.run_it("--timeout-multiplier", "0.2"), "hangs")

    def test_ended_by_a_signal_it_leaves_no_shell_behind(self):
        pipe = self.folder / "pid"
        os.mkfifo(pipe)
        self.write("area/one.any.js", f"with open({str(pipe)!r}, 'w') as pipe: pipe.write(str(os.getpid()))\n"
                                      "while True: signal.pause()")
        for signal_number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            runner = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            self.addCleanup(runner.kill)
            shell = int(pipe.read_text())  # waits until the shell writes
            runner.send_signal(signal_number)
            self.assertEqual(runner.wait(timeout=60), code)
            with self.assertRaises(ProcessLookupError):
                os.kill(shell, 0)

    def test_results_that_cannot_be_read_are_an_error(self):
        for garbage in ("print('SLUICE-WPT {\"kind\"')", "print('SLUICE-WPT []')", "print('SLUICE-WPT {\"kind\":\"other\"}')",
                        "print('SLUICE-WPT {\"kind\":\"result\",\"name\":\"x\",\"status\":9,\"message\":null,\"stack\":null}')",
                        "print('xSLUICE-WPT {\"kind\":\"ready\"}')", "print('no new line SLUICE-WPT {\"kind\":\"ready\"}')",
                        "result('x'); complete(); result('late')"):
            self.assert_broken(f"{garbage}; result('y'); complete()", "a line that should be a result, but cannot be read")

    def test_other_output_is_no_matter(self):
        self.write("area/one.any.js", "sys.stdout.buffer.write(bytes(range(256))); print(); result('\\ud800'); complete()")
        self.assert_exit(0, self.run_it())

    def test_output_without_end_is_stopped(self):
        self.assert_broken("result('x')\nwhile True: print('x' * 100000)", "printed more than 32 MB")

    def test_results_that_are_lost_are_missed(self):
        self.assert_broken("result('x'); complete(add=1)", "2 ended, 1 were reported")

    def test_what_the_harness_says_counts(self):
        self.assert_broken("result('x'); complete(status=1, message='bad setup')", "testharness.js reports ERROR: bad setup")

    def test_a_test_without_subtests_has_not_passed(self):
        self.assert_broken("complete()", "it has no subtest")

    def test_what_is_no_shell_could_not_run(self):
        self.write("area/one.any.js", "result('x'); complete()")
        self.assert_exit(2, self.run_it(shell="/no/such/shell"), "cannot be started: /no/such/shell: No such file")
        self.assert_exit(2, self.run_it(shell="true"), "ran none of the scripts")
        self.assert_exit(2, self.run_it(shell=""), "no command")

    # --- What runs ---

    def test_the_scripts_are_given_in_order(self):
        self.write("area/one.any.js", "// META: title=a title\n// META: script=helper.js\n// META: script=/common/other.js\n"
                                      "// META: script=/resources/WebIDLParser.js\n"
                                      "result(' '.join(s.rsplit('/', 1)[1] for s in scripts[1:]), 1); complete()")
        for path in ("area/helper.js", "common/other.js", "resources/webidl2/lib/webidl2.js"):
            self.write(path, "")
        self.assert_exit(1, self.run_it(), "FAIL: prelude.js testharness.js report.js helper.js other.js webidl2.js one.any.js "
                                           "done.js$")

    def test_variants_are_tests_of_their_own(self):
        self.write("area/one.any.js", "// META: variant=?a\n// META: variant=?b\nresult(open(scripts[0]).read(), 1); complete()")
        self.expectations["may_not_pass"] = {"area/one.any.js?b": {'var sluiceWpt = {"search": "?b"};\n': "why"}}
        self.assert_exit(1, self.run_it(), r"^FAIL +area/one.any.js\?a", r'FAIL: .*"search": "\?a"', r"^ok +area/one.any.js\?b")

    def test_what_a_test_fetches_is_given_to_it(self):
        self.write("area/resources/data.json", '["the data"]')
        self.write("area/one.any.js", "# fetch('resources/data.json') fetch('resources/missing.json')\n"
                                      "result(open(scripts[0]).read(), 1); complete()")
        self.assert_exit(1, self.run_it(), r'FAIL: .*"files": {"resources/data.json": "\[.*the data.*\]"}}')

        self.write("data/other.json", '["more"]')
        self.write("area/one.any.js", "# fetch('../data/other.json')\nresult(open(scripts[0]).read(), 1); complete()")
        self.assert_exit(1, self.run_it(), r'FAIL: .*"files": {"../data/other.json": "\[.*more.*\]"}}')

    def test_what_a_test_expects_of_a_page_is_given_to_it(self):
        self.write("area/one.any.js", "result(open(scripts[0]).read(), 1); complete()")
        self.expectations["page"] = {"area/one.any.js": {"stubs": ["Blob"], "closes": True, "reason": "why"}}
        self.assert_exit(1, self.run_it(), r'FAIL: .*"stubs": \["Blob"\], "closes": true}')

    def test_a_part_of_an_idlharness_test_can_be_asked_for(self):
        self.write("interfaces/some.idl", "interface Some {};")
        self.write("resources/idlharness.js", "")
        self.write("common/subset-tests-by-key.js", "")
        self.write("area/one.any.js", "// META: script=/resources/idlharness.js\n"
                                      "result(open(scripts[0]).read() + scripts[4].rsplit('/', 1)[1], 1); complete()")
        self.expectations["only"] = {"area/one.any.js": {"include": "Some.*", "reason": "why"}}
        self.assert_exit(1, self.run_it(), r'"search": "\?include=Some\.\*"', '"/interfaces/some.idl": "interface Some {};"',
                         "subset-tests-by-key.js")

    def test_what_cannot_run_must_be_listed(self):
        self.write("area/one.any.js", "result('x'); complete()")
        self.write("area/page.html", "")
        self.write("area/frames.window.js", "")
        self.write("area/only-there.any.js", "// META: global=serviceworker\n")
        self.write("area/lacks.any.js", "// META: script=missing.js\n")
        self.write("area/resources/helper.html", "")
        run = self.run_it()
        self.assert_exit(1, run, "^FAIL +area/page.html cannot run: only .any.js",
                         "area/only-there.any.js cannot run: .* serviceworker",
                         "area/lacks.any.js cannot run: its META script missing.js",
                         "Not as expected: 4 lines about the expectations")
        self.assertNotIn("helper.html", run.stdout)
        self.assert_exit(1, self.run_it("--check"), "^area/page.html cannot run")
        self.expectations["not_run"] = dict.fromkeys(("area/*.html", "*.window.js", "area/only-*", "area/lacks.any.js"), "why")
        self.assert_exit(0, self.run_it())
        self.assert_exit(0, self.run_it("--check"))

    def test_what_is_listed_must_be_there(self):
        self.write("area/one.any.js", "result('x'); complete()")
        self.expectations |= {"scope": ["area", "gone"], "not_run": {"*.svg": "why"},
                              "may_not_pass": {"area/gone.any.js": {"x": "why"}},
                              "page": {"area/away.any.js": {"closes": True, "reason": "why"}},
                              "only": {"area/lost.any.js": {"include": "x", "reason": "why"}}}
        self.assert_exit(1, self.run_it(), "scope: gone: there is no", r"not_run: \*.svg: there is no",
                         "may_not_pass: area/gone.any.js: there is no", "only: area/lost.any.js: there is no",
                         "page: area/away.any.js: there is no", "Not as expected: 5 lines")

    def test_expectations_that_cannot_be_read_are_complained_about(self):
        self.write("area/one.any.js", "result('x'); complete()")
        for text, pattern in (("{", "expectations.json: "), ('{"scope": []}', "no test in the scope"),
                              ('{"scope": ["area"], "not_run": {"a": "x", "a": "y"}}', "'a' twice"),
                              ('{"scope": ["area"], "may_not_pass": {"area/one.any.js": {"x": ""}}}', "a text must be here"),
                              ('{"scope": ["area"], "other": {}}', "other"), ("[]", "not of the form")):
            self.expectations = text
            self.assert_exit(2, self.run_it(), pattern)

    def test_filters_choose(self):
        for name in ("error", "error.any.js-like", "other"):
            self.write(f"area/{name}.any.js", "result('x'); complete()")
        self.assertEqual(self.run_it("--list", "area/error.any.js").stdout, "area/error.any.js\n")
        self.assertEqual(self.run_it("--list", "erro").stdout, "area/error.any.js\narea/error.any.js-like.any.js\n")
        self.assert_exit(2, self.run_it("nothing-like-it"), "no test has 'nothing-like-it' in its name")
        self.assertIn("fake_shell.py", self.run_it("--print", "other").stdout)

    def test_wrong_flags_are_refused(self):
        for arguments in (["--nonsense"], ["--jobs", "0"], ["--jobs", "x"], ["--timeout-multiplier", "0"]):
            self.assert_exit(2, self.run_it(*arguments), "see scripts/wpt --help")


class Fetching(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.said = []
        self.patch("WORK", self.folder)
        self.suite = self.folder / "suite"

    def patch(self, name, value):
        patcher = mock.patch.object(suite, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def archive(self, *names):
        path = self.folder / suite.ARCHIVE
        content = self.folder / "content"
        content.write_text("text")
        with tarfile.open(path, "w:xz") as tar:
            for name in names:
                tar.add(content, "node-v1" + name)
        return path

    def fetch(self):
        return suite.fetch(self.said.append, self.suite)

    def test_what_is_there_needs_neither_network_nor_words(self):
        self.suite.mkdir()
        self.patch("_run", None)
        self.assertEqual(self.fetch(), self.suite)
        self.assertEqual(self.said, [])

    def test_a_file_put_there_by_hand_is_unpacked(self):
        archive = self.archive("/test/fixtures/wpt/resources/testharness.js", "/test/fixtures/wpt/streams/a.any.js", "/lib/other.js",
                               "/test/fixtures/wpt/streams/../../escaped")
        self.patch("SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
        self.fetch()
        files = sorted(path.relative_to(self.suite).as_posix() for path in self.suite.rglob("*") if path.is_file())
        self.assertEqual(files, ["resources/testharness.js", "streams/a.any.js"])
        self.assertTrue(archive.exists())

    def test_another_file_is_refused(self):
        self.archive("/test/fixtures/wpt/resources/testharness.js")
        with self.assertRaisesRegex(suite.Unavailable, "another SHA-256"):
            self.fetch()
        self.assertFalse(self.suite.exists())

    def test_an_archive_without_the_suite_leaves_nothing(self):
        archive = self.archive("/lib/other.js")
        self.patch("SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
        with self.assertRaisesRegex(suite.Unavailable, "has no .*testharness.js"):
            self.fetch()
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["content", suite.ARCHIVE])

    def test_without_apt_it_says_what_to_do(self):
        with mock.patch.object(suite.shutil, "which", return_value=None):
            with self.assertRaisesRegex(suite.Unavailable, "(?s)no apt here.*put it into"):
                self.fetch()

    def apt(self, versions, file=None):
        """Plays apt: `versions` are those of the package sources; `file` what they give for the archive."""
        asked = []

        def run(*command):
            asked.append(command)
            output, code = "", 0
            if "madison" in command:
                output = "".join(f"libnode-dev | {version} | archive stable/main amd64 Packages\n" for version in versions)
            elif "--print-uris" in command:
                version = command[-1].partition("=")[2]
                output = f"'archive:/pool/{version}/libnode-dev_{version}.deb' libnode-dev.deb 12 SHA256:0\n"
            elif "download-file" in command:
                target = Path(command[command.index("download-file") + 2])
                if file is None:
                    output, code = "E: 404 Not Found\n", 100
                else:
                    target.write_bytes(file)
            else:
                output = "W: no network\n"
            return subprocess.CompletedProcess(command, code, output)

        self.patch("_run", run)
        self.patch("_APT_HELPER", "/bin/sh")  # some executable: it is not run
        self.addCleanup(mock.patch.stopall)
        mock.patch.object(suite.shutil, "which", return_value="/usr/bin/apt-get").start()
        return asked

    def test_the_archive_is_looked_for_beside_the_binary_package(self):
        archive = self.archive("/test/fixtures/wpt/resources/testharness.js")
        content = archive.read_bytes()
        archive.unlink()
        self.patch("SHA256", hashlib.sha256(content).hexdigest())
        asked = self.apt(["2"], content)
        self.fetch()
        self.assertTrue((self.suite / "resources/testharness.js").exists())
        self.assertTrue(any(f"archive:/pool/2/nodejs_{suite.VERSION}%2bdfsg.orig.tar.xz" in command for command in asked))
        self.assertFalse(any("update" in command for command in asked))
        self.assertFalse(archive.exists())

    def test_a_distribution_with_another_version_is_reported(self):
        asked = self.apt(["19.1-1ubuntu2"])
        with self.assertRaisesRegex(suite.Unavailable, "(?s)They offer nodejs 19.1-1ubuntu2.*404 Not Found"):
            self.fetch()
        self.assertTrue(any("update" in command for command in asked))

    def test_a_file_with_another_checksum_is_not_used(self):
        self.apt(["2"], b"other")
        with self.assertRaises(suite.Unavailable):
            self.fetch()
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_without_network_or_lists_apts_own_words_are_reported(self):
        self.apt([])
        with self.assertRaisesRegex(suite.Unavailable, "(?s)offer no package libnode-dev.*no network.*SHA-256 must be"):
            self.fetch()


if __name__ == "__main__":
    unittest.main()
