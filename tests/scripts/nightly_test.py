"""scripts/nightly with stages that take no time: what is run, what is gone on with after a kill, what the exit codes and the report say.

    nightly_test.py [unittest's flags]
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import types
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]

# A night whose stages are shell commands: {name: command}; the first is the build.
_DRIVER = """
import sys, json
sys.path.insert(0, {lib!r})
from sluice_dev import __main__ as entry
from sluice_dev.nightly import nightly, stages as nightly_stages
stages = json.loads({stages!r})
nightly_stages.STAGES = tuple(
    nightly_stages.Stage(name, "a test", lambda options, record, command=command: [["bash", "-c", command]] if command else [],
                         nightly_stages._warn if name.startswith("early") else nightly_stages._judge, is_needed=name == "build")
    for name, command in stages.items())
nightly.SHOW_EVERY_SECONDS = 0.2
nightly._prepare = lambda options: None
nightly.SAVE_EVERY_SECONDS = 0.2
sys.exit(entry.begin(["nightly", *sys.argv[1:]]))
"""


class NightlyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-night-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "out"

    def command(self, stages, *flags, space=0):
        driver = _DRIVER.format(lib=str(ROOT / "scripts"), stages=json.dumps(stages))
        config = self.folder / "night.toml"
        config.write_text(f"[night]\nfree_mib = {space}\n")
        return [sys.executable, "-B", "-c", driver, "--time", "100", "--out", str(self.out),
                "--config", str(config), "--history", str(self.folder / "history"), *flags]

    def night(self, stages, *flags, space=0):
        return subprocess.run(self.command(stages, *flags, space=space), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, timeout=120)

    def ran(self):
        log = self.folder / "ran"
        return log.read_text().split() if log.exists() else []

    def note(self, name):
        return f"echo {name} >> {self.folder}/ran"

    def test_two_findings_of_one_name_are_two_in_the_report(self):
        folder = self.out / "campaigns/asan"
        folder.mkdir(parents=True)
        found = [{"identity": "slots/a@write", "target": "t", "rule": "r", "folder": f"findings/{n}", "finding": {"after": after}} for n, after in (("1", ""), ("2", "F"))]
        (folder / "summary.json").write_text(json.dumps({"findings": found}))
        for number, after in (("3", "G"), ("4", "H")):
            interrupted = self.out / "campaigns/ubsan/findings" / number
            interrupted.mkdir(parents=True)
            (interrupted / "log.txt").write_text("a log\n")
            (interrupted / "finding.json").write_text(json.dumps(found[0] | {"finding": {"after": after}}))
        sys.path.insert(0, str(ROOT / "scripts"))
        from sluice_dev.nightly import report as nightly_report
        self.assertEqual([each["folder"] for each in nightly_report.findings(self.out)],
                         ["campaigns/asan/findings/1", "campaigns/asan/findings/2", "campaigns/ubsan/findings/3", "campaigns/ubsan/findings/4"])

    def test_a_night_without_findings_exits_0_and_reports(self):
        run = self.night({"build": self.note("build"), "tests": self.note("tests")})
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertEqual(self.ran(), ["build", "tests"])
        self.assertIn("Nothing was found", (self.out / "summary.md").read_text())
        page = (self.out / "index.html").read_text()
        self.assertIn("Nothing was found", page)
        self.assertIn('href="logs/build.log"', page)

    def test_exit_codes_are_those_of_the_worst_stage_and_the_others_run(self):
        run = self.night({"build": "true", "tests": "echo what failed; exit 1", "after": self.note("after")})
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("what failed", run.stdout)
        self.assertEqual(self.ran(), ["after"])
        run = self.night({"build": "true", "tests": "exit 1", "coverage": "exit 2"})
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("coverage", json.loads((self.out / "summary.json").read_text())["verdict"])
        run = self.night({"build": "true", "tests": "kill -SEGV $$"})
        self.assertEqual(run.returncode, 2, run.stdout)

    def test_an_early_warning_is_reported_and_leaves_the_exit_code(self):
        run = self.night({"build": "true", "early": "echo the next compiler complains; exit 1", "after": self.note("after")})
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertIn("the next compiler complains", run.stdout)
        self.assertEqual(self.ran(), ["after"])
        summary = json.loads((self.out / "summary.json").read_text())
        self.assertEqual(summary["stages"]["early"]["status"], "warned")
        self.assertIn("Warnings: early", summary["verdict"])
        run = self.night({"build": "true", "early": "exit 1", "tests": "exit 1"})
        self.assertEqual(run.returncode, 1, run.stdout)

    def test_the_debian_stages_say_that_they_need_root(self):
        sys.path.insert(0, str(ROOT / "scripts"))
        from sluice_dev.nightly import stages
        debian = next(stage for stage in stages.STAGES if stage.name == "debian-13")
        with mock.patch("os.geteuid", return_value=1000), self.assertRaisesRegex(stages.CannotRunHere, "it needs root's rights"):
            debian.commands(None, None)

    def test_a_build_that_fails_skips_the_rest(self):
        run = self.night({"build": "exit 2", "tests": self.note("tests")})
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertEqual(self.ran(), [])
        self.assertIn("skipped", (self.out / "summary.md").read_text())

    def start_and_wait_for(self, stages, name, *flags):
        process = subprocess.Popen(self.command(stages, *flags), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        deadline = time.monotonic() + 60
        while name not in self.ran():
            self.assertLess(time.monotonic(), deadline, "the stage has not begun")
            self.assertIsNone(process.poll(), "the night ended")
            time.sleep(0.02)
        return process

    def test_a_killed_night_goes_on_with_its_unfinished_stage(self):
        # The second stage hangs the first time.
        slow = f"{self.note('slow')}; if [ $(grep -c slow {self.folder}/ran) = 1 ]; then exec sleep 60; fi"
        stages = {"build": self.note("build"), "slow": slow, "last": self.note("last")}
        process = self.start_and_wait_for(stages, "slow")
        child = subprocess.run(["pgrep", "-P", str(process.pid)], text=True, stdout=subprocess.PIPE, check=False).stdout.split()
        self.assertEqual(len(child), 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 30
        while Path(f"/proc/{child[0]}").exists():
            self.assertLess(time.monotonic(), deadline, "a stage outlives the night that was killed")
            time.sleep(0.02)
        run = self.night(stages)
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertIn("Going on with the unfinished night", run.stdout)
        self.assertEqual(self.ran(), ["build", "slow", "slow", "last"])
        state = json.loads((self.out / "summary.json").read_text())["stages"]
        self.assertEqual(state["slow"]["parts"], 2)

    def test_the_rest_of_a_campaign_takes_over_what_killed_parts_have_found(self):
        sys.path.insert(0, str(ROOT / "scripts"))
        from sluice_dev.nightly import stages as nightly_stages
        options = types.SimpleNamespace(seconds=200, jobs=1, out=self.out, corpus=self.out / "corpus")
        for part in (1, 2, 3):
            (self.out / f"campaigns/address-{part}").mkdir(parents=True)
        (self.out / "campaigns/address-2/summary.json").write_text('{"interrupted": false}')
        (self.out / "campaigns/address-3/summary.json").write_text('{"interrupted": true}')

        def step(**record: float) -> list[str]:
            return [str(word) for command in nightly_stages._campaign("address")(options, record) for word in command[1:]]
        taken = ["--unfinished", f"{self.out}/campaigns/address-1", "--unfinished", f"{self.out}/campaigns/address-3"]
        self.assertEqual(step(parts=4, seconds=30.0)[-4:], taken)
        self.assertEqual(step(parts=4, seconds=99.0)[-4:], taken, "its time is over, and its findings are not investigated")
        self.assertIn("70", step(parts=4, seconds=30.0))
        for part in (1, 3):
            (self.out / f"campaigns/address-{part}/summary.json").write_text('{"interrupted": false}')
        self.assertEqual(step(parts=4, seconds=99.0), [])
        self.assertNotIn("--unfinished", step(parts=4, seconds=30.0))

    def test_an_interrupted_night_leaves_no_process_and_exits_130(self):
        stages = {"build": f"{self.note('build')}; trap 'echo interrupted >> {self.folder}/ran; exit 130' INT; while true; do sleep 0.05; done"}
        process = self.start_and_wait_for(stages, "build")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 130, process.stdout.read())
        self.assertIn("interrupted", self.ran())

    def test_a_finished_night_begins_anew_and_so_does_another_budget_or_fresh(self):
        stages = {"build": self.note("build")}
        self.night(stages)
        self.night(stages)
        self.assertEqual(self.ran(), ["build", "build"])
        unfinished = {"build": "true", "slow": f"{self.note('slow')}; exec sleep 60"}
        process = self.start_and_wait_for(unfinished, "slow")
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        for flags in (["--fresh"], ["--time", "200"]):
            with self.subTest(flags):
                state = (self.out / "state.json").read_bytes()
                run = self.night({"build": self.note("again"), "slow": "true"}, *flags)
                self.assertEqual(run.returncode, 0, run.stdout)
                self.assertIn("again", self.ran())
                (self.out / "state.json").write_bytes(state)
                (self.folder / "ran").unlink()

    def test_a_full_disk_is_reported_and_the_night_can_go_on(self):
        run = self.night({"build": self.note("build")}, space=1 << 40)
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn("the disk is full", run.stdout)
        self.assertIn("Make room", run.stdout)
        for name in ("summary.md", "index.html"):
            self.assertIn("the disk is full: ", (self.out / name).read_text())
        self.assertEqual(json.loads((self.out / "summary.json").read_text())["exit_code"], 2)
        self.assertEqual(self.night({"build": self.note("build")}).returncode, 0)

    def test_a_folder_that_cannot_be_written_is_reported(self):
        (self.folder / "file").write_text("")
        self.out = self.folder / "file" / "out"
        run = self.night({"build": "true"})
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn(str(self.folder / "file"), run.stdout)
        self.assertNotIn("Traceback", run.stdout)

    def test_a_state_that_is_damaged_begins_anew_and_strange_files_stay(self):
        self.out.mkdir()
        (self.out / "state.json").write_text('{"stages": [')
        (self.out / "mine.txt").write_text("mine")
        self.assertEqual(self.night({"build": "true"}).returncode, 0)
        self.assertEqual((self.out / "mine.txt").read_text(), "mine")

    def test_findings_of_campaigns_and_of_valgrind_are_reported_once(self):
        summary = {"seconds": 9.0, "targets": [{"executions": 1000}], "canary": {}, "findings": [
            {"identity": "invariant/queue|size", "target": "t_fuzzer", "rule": "it <holds>", "folder": "findings/x", "reproduces": True}]}
        make = textwrap.dedent(f"""
            for part in address-1 undefined-1; do mkdir -p {self.out}/campaigns/$part/findings/x
            echo '{json.dumps(summary)}' > {self.out}/campaigns/$part/summary.json; done; exit 1""")
        replayed = {"targets": {"t_fuzzer": {"replayed": 5, "inputs": 6}}, "findings": [
            {"identity": "valgrind/uninitialised", "target": "t_fuzzer", "rule": "a jump", "folder": "findings/t"}]}
        memcheck = f"mkdir -p {self.out}/valgrind; echo '{json.dumps(replayed)}' > {self.out}/valgrind/summary.json; exit 1"
        run = self.night({"build": "true", "fuzz": make, "valgrind": memcheck})
        self.assertEqual(run.returncode, 1, run.stdout)
        text = (self.out / "summary.md").read_text()
        self.assertEqual(text.count("invariant/queue\\|size"), 1)
        self.assertIn("2 findings", text)
        self.assertIn("t_fuzzer 5 of 6 inputs", text)
        self.assertIn("it &lt;holds&gt;", (self.out / "index.html").read_text())

    def test_a_disk_that_fills_up_ends_the_night_with_a_report(self):
        """On a tmpfs of its own, which a stage fills to the last byte."""
        disk = self.folder / "disk"
        disk.mkdir()
        self.out = disk / "out"
        mount = ["unshare", "--mount", "sh", "-ec", 'mount -t tmpfs -o size=3m none "$1"; shift; code=0; "$@" || code=$?; '
                 'cp -r "$KEPT/disk/out" "$KEPT/seen"; exit $code', "sh", str(disk)]
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("needs a mount of its own")
        fill = f"cat /dev/zero > {disk}/filler"
        run = subprocess.run([*mount, *self.command({"build": "true", "fuzz": fill, "after": "true"})], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=False, timeout=120, env=os.environ | {"KEPT": str(self.folder)})
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertNotIn("Traceback", run.stdout)
        self.assertIn("What there is until now", run.stdout)
        text = (self.folder / "seen/summary.md").read_text()
        self.assertIn("No space left on device", text)
        self.assertIn("Make room", text)
        self.assertIn("| build | passed |", text)
        self.assertEqual(json.loads((self.folder / "seen/summary.json").read_text())["exit_code"], 2)

    def test_the_second_night_reports_only_what_is_new(self):
        def campaign(*identities):
            found = [{"identity": name, "target": "t_fuzzer", "rule": f"rule of {name}", "folder": f"findings/{name}", "reproduces": True,
                      "after_seconds": 1.0, "tries": 10, "reproduced": 10} for name in identities]
            summary = {"seconds": 9.0, "targets": [{"name": "t_fuzzer", "executions": 1000}], "canary": {}, "findings": found}
            folders = " ".join(f"{self.out}/campaigns/address-1/findings/{name}" for name in identities)
            return f"mkdir -p {folders}; echo '{json.dumps(summary)}' > {self.out}/campaigns/address-1/summary.json; exit 1"
        record = shlex.join([sys.executable, "-B", f"{ROOT}/scripts/sluice_dev", "nights", "record", "--out", str(self.out), "--history",
                             f"{self.folder}/history"])
        self.assertEqual(self.night({"build": "true", "fuzz": campaign("old"), "record": record}).returncode, 1)
        self.assertIn("1 finding (1 new, 0 back)", (self.out / "summary.md").read_text())
        run = self.night({"build": "true", "fuzz": campaign("old", "fresh"), "record": record})
        self.assertEqual(run.returncode, 1, run.stdout)
        text, page = (self.out / "summary.md").read_text(), (self.out / "index.html").read_text()
        self.assertIn("2 findings (1 new, 0 back)", text)
        self.assertIn("| `fresh` | t_fuzzer | rule of fresh | not bisected |", text)
        self.assertNotIn("rule of old", text)
        self.assertIn("1 finding is known from earlier nights and still open", text)
        self.assertIn("rule of old", page, "in what can be opened there")
        news = json.loads((self.out / "summary.json").read_text())["news"]
        self.assertEqual({name: len(ids) for name, ids in news.items()}, {"new": 1, "back": 0, "mended": 0, "open": 1})

    def test_a_wrong_configuration_names_its_key(self):
        config = self.folder / "wrong.toml"
        for text, words in (("[nihgt]\n", "there is no [nihgt]"), ("[night]\nsecond = 1\n", "[night] has no second; it has: seconds"),
                            ("[night]\nseconds = '1'\n", "night.seconds: '1' should be a whole number"),
                            ("[night]\nskip = ['non']\n", "there is no stage 'non'"), ("[issues]\nmode = 'yes'\n", "should be one of off, dry-run, write"),
                            ("[night]\njobs = -1\n", "should be 0 or more"), ("[night\n", "Expected ']'"), ("x = 1\n", "there is no [x]"),
                            ("[paths]\nhistory = ''\n", "should name a folder")):
            config.write_text(text)
            with self.subTest(text):
                run = self.night({"build": "true"}, "--config", str(config))
                self.assertEqual(run.returncode, 2, run.stdout)
                self.assertIn(words, run.stdout)
                self.assertIn(str(config), run.stdout)
        self.assertEqual(self.night({"build": "true"}, "--config", str(self.folder / "none.toml")).returncode, 2)

    def test_the_configuration_is_used_and_flags_have_the_last_word(self):
        config = self.folder / "mine.toml"
        config.write_text(f"[night]\nskip = ['tests']\nfree_mib = 0\n[paths]\nout = '{self.folder}/other'\n")
        run = self.night({"build": self.note("build"), "tests": self.note("tests"), "after": self.note("after")}, "--config", str(config))
        self.assertEqual((run.returncode, self.ran()), (0, ["build", "after"]), run.stdout)
        self.assertTrue((self.out / "summary.md").exists(), "--out was given")
        self.assertFalse((self.folder / "other").exists())

    def test_wrong_flags_exit_2(self):
        for flags in (["--tiem", "3"], ["--only", "none"], ["--skip", "build"], ["--time", "1"]):
            with self.subTest(flags):
                run = self.night({"build": "true"}, *flags)
                self.assertEqual(run.returncode, 2, run.stdout)
                self.assertNotIn("Traceback", run.stdout)


if __name__ == "__main__":
    unittest.main()
