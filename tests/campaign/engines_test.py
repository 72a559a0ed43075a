"""AFL++ beside libFuzzer: campaigns over a target with faults, and the corpus that both share.

    engines_test.py SOURCE_DIR [-v]

Needs the builds libfuzzer-asan and afl-asan, as scripts/test makes them.
"""

import asyncio
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(SOURCE / "scripts"))
sys.dont_write_bytecode = True

from sluice_dev.engines import afl  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.common import targets as fuzz_targets  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.campaign import folder  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.engines import libfuzzer  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.common.processes import Children, descendants  # noqa: E402  pylint: disable=wrong-import-position

FAULTY = "faulty_fuzzer"
ALL_FAULTS = {f"asan/heap-buffer-overflow@{FAULTY}", f"asan/heap-use-after-free@{FAULTY}", "model/first", "model/second"}
SEEDS = SOURCE / "corpus/writable_stream_fuzzer"
LONGEST_SECONDS = 180  # of waiting for something that takes a few seconds with nothing else running


def environment():
    command = ". scripts/lib/setup.sh && export_sanitizer_options && env -0"
    text = subprocess.run(["bash", "-c", command, "scripts/fuzz"], cwd=SOURCE, check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in text.split("\0") if line)


def fuzzers(engine):
    return SOURCE / "build" / f"{engine}-asan" / "fuzzers"


class FaultyCampaign(unittest.TestCase):
    """Each engine alone and both together find every fault once."""

    def checkout(self, seeds):
        """A folder with the target, as builds have it."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        for kind in ("libfuzzer", "afl"):
            place = root / "build" / f"{kind}-asan" / "fuzzers"
            place.mkdir(parents=True)
            (place / FAULTY).symlink_to(SOURCE / "build" / f"{kind}-asan" / "tests/campaign" / FAULTY)
            (place / "targets.txt").write_text(FAULTY)
        (root / "build/libfuzzer-asan/sluice-fuzz").symlink_to(SOURCE / "build/libfuzzer-asan/sluice-fuzz")
        (root / "sanitizers").symlink_to(SOURCE / "sanitizers")
        (root / "corpus" / FAULTY).mkdir(parents=True)
        for name, data in seeds.items():
            (root / "corpus" / FAULTY / name).write_bytes(data)
        return root

    def run_campaign(self, engine, wanted, seeds, executions=1, **env):
        """Ends it as soon as it has found what is wanted, and each engine has run as often as said."""
        root = self.checkout(seeds)
        out = root / "out"
        with (root / "log").open("w+") as log:
            campaign_process = subprocess.Popen(
                [sys.executable, "-B", SOURCE / "scripts/sluice_dev", "fuzz", "--built", root, "--time", str(LONGEST_SECONDS),
                 "--jobs", "2", "--engine", engine, "--out", out, "--corpus", out / "corpus", "--target", FAULTY],
                env=environment() | env, text=True, stdout=log, stderr=subprocess.STDOUT)
            while campaign_process.poll() is None and not (wanted <= self.found(out) and self.executions(out) > executions):
                time.sleep(0.2)
            if campaign_process.poll() is None:
                campaign_process.send_signal(signal.SIGINT)
            code = campaign_process.wait()
            log.seek(0)
            text = log.read()
        self.assertEqual(code, 1, text)
        summary = json.loads((out / "summary.json").read_text())
        self.check_findings(summary, text, wanted)
        return summary, out, text

    @staticmethod
    def found(out):
        return {json.loads(path.read_text())["identity"] for path in out.glob("findings/*/finding.json")}

    @staticmethod
    def executions(out):
        """Of the engine that has run less."""
        lines = (out / "samples.jsonl").read_text().splitlines() if (out / "samples.jsonl").exists() else []
        whole = [line for line in lines if line.endswith("}}")]
        if not whole:
            return 0
        return min(engine["executions"] for engine in json.loads(whole[-1])["targets"][FAULTY]["engines"].values())

    def check_findings(self, summary, text, wanted):
        # Two of these faults are in one function, so that triage may tell them as one finding.
        found = [identity for finding in summary["findings"] for identity in (finding["identity"], *finding["also_seen_as"])]
        self.assertEqual(len(found), len(set(found)), text)
        self.assertLessEqual(wanted, set(found), text)

    def test_libfuzzer_goes_on_after_crashes_that_cannot_be_suppressed(self):
        # Two seeds crash, so that nothing could be fuzzed while they are read.
        summary, _, text = self.run_campaign("libfuzzer", ALL_FAULTS, {"overflow": b"oz", "twin": b"ozz", "good": b"ax", "near": b"uy"})
        self.assertGreaterEqual(summary["targets"][0]["crashes"][f"asan/heap-buffer-overflow@{FAULTY}"], 2, text)
        self.assertNotIn("blocked", text)

    def test_afl_finds_each_once(self):
        summary, out, text = self.run_campaign("afl", ALL_FAULTS, {"overflow": b"oz", "good": b"ax", "near": b"uy"})
        self.assertFalse([found["identity"] for found in summary["findings"] if found["identity"].startswith("unreproduced")], text)
        log = next(out.glob("findings/**/*heap-*/log.txt")).read_text()
        self.assertIn("AddressSanitizer: heap-", log)

    def test_afl_goes_on_after_a_finding_in_all_that_it_began_with(self):
        _, _, text = self.run_campaign("afl", {"model/short"}, {}, executions=1000, FAULTY_SHORT="1")
        self.assertNotIn("blocked", text)

    def test_afl_that_is_ended_while_it_starts_is_no_failure(self):
        # What afl-fuzz does when SIGINT arrives before its fork server has answered.
        root = self.checkout({"good": b"ax"})
        (root / "bin").mkdir()
        fake = root / "bin/afl-fuzz"
        fake.write_text(f"""#!/bin/bash
trap 'echo "[-] PROGRAM ABORT : Fork server crashed with signal 9"; exit 1' INT
touch '{root}/started'
while :; do read -t 1 <> <(:); done
""")
        fake.chmod(0o755)
        env = environment()
        env["PATH"] = f"{root / 'bin'}:{env['PATH']}"
        with subprocess.Popen([sys.executable, "-B", SOURCE / "scripts/sluice_dev", "fuzz", "--built", root, "--time", str(LONGEST_SECONDS), "--jobs", "1",
                               "--engine", "afl", "--out", root / "out", "--corpus", root / "out/corpus", "--target", FAULTY],
                              env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as campaign_process:
            while not (root / "started").exists() and campaign_process.poll() is None:
                time.sleep(0.1)
            campaign_process.send_signal(signal.SIGINT)
            text = campaign_process.communicate()[0]
        self.assertIn("Interrupted after", text)
        self.assertNotIn("wrote no input", text)
        self.assertNotEqual(campaign_process.returncode, 2, text)

    def test_both_share_one_list(self):
        wanted = {f"asan/heap-buffer-overflow@{FAULTY}", "model/first", "model/second"}
        summary, _, text = self.run_campaign("both", wanted, {"good": b"ax", "near": b"oy"}, executions=100)
        engines = summary["targets"][0]["engines"]
        self.assertGreater(engines["libfuzzer"]["executions"], 100, text)
        self.assertGreater(engines["afl"]["executions"], 100, text)


class Processes(unittest.TestCase):
    """What the campaign does to AFL++'s processes, and what it understands of their words."""

    def test_a_child_that_grew_too_large_is_ended(self):
        # As afl-fuzz's: the child of a child, in a session of its own.
        grow = "import sys; data = bytearray(200 << 20); print('grown', flush=True); sys.stdin.read()"
        with subprocess.Popen(["bash", "-c", 'setsid "$0" -c "$1"; echo $?; read', sys.executable, grow], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as parent:
            self.assertEqual(parent.stdout.readline(), "grown\n")
            afl.kill_large_children(parent.pid, limit=400 << 20)
            self.assertEqual(len(descendants(parent.pid)), 1, "what is small enough stays")
            afl.kill_large_children(parent.pid, limit=100 << 20)
            self.assertEqual(parent.stdout.readline(), "137\n")
            parent.communicate()

    def test_killing_takes_what_left_the_group(self):
        async def start_and_kill():
            children = Children()
            child = await children.start(["bash", "-c", "setsid sleep 1000 & echo $!; wait"], env=dict(os.environ), folder="/")
            said = []
            reading = asyncio.create_task(child.read(said.append))
            while not said:
                await asyncio.sleep(0.01)
            children.kill()
            await reading  # its output is closed by the last of them
            return child.killed
        self.assertTrue(asyncio.run(asyncio.wait_for(start_and_kill(), LONGEST_SECONDS)))

    def test_a_refusal_is_reported_in_the_engines_words(self):
        output = afl.Output(afl.Instance("/nonexistent", "main"))
        output.add(b"[*] Getting to work...\n\x1b[1;91m[-] PROGRAM ABORT : \x1b[0mNo usable test cases in 'x'\n"
                   b"         Location : main(), src/afl-fuzz.c:1\n")
        self.assertEqual(output.why_it_ended(), "No usable test cases in 'x'")


class Words(unittest.TestCase):
    def test_a_full_disk_is_reported_with_the_folder_and_what_to_do(self):
        text = folder.error_text(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "/out")
        self.assertRegex(text, r"^/out: No space left on device\. Free some space, then fuzz again: ")


class SharedCorpus(unittest.IsolatedAsyncioTestCase):
    """What one engine has found arrives at the other while it runs."""

    target = "writable_stream_fuzzer"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.corpus = self.folder / "corpus/target"
        self.corpus.mkdir(parents=True)
        self.plan = fuzz_targets.of(self.target)
        self.env = environment()
        self.children = Children()
        self.addCleanup(self.children.kill)

    async def wait_for(self, condition, text):
        async def wait():
            while not condition():
                await asyncio.sleep(0.2)
        try:
            await asyncio.wait_for(wait(), LONGEST_SECONDS)
        except TimeoutError:
            self.fail(text())

    async def test_from_afl_to_libfuzzer(self):
        command = libfuzzer.fuzz_command(fuzzers("libfuzzer") / self.target, seconds=LONGEST_SECONDS, artifacts=self.folder,
                                         folders=[self.corpus], max_len=self.plan.max_len)
        child = await self.children.start(list(map(str, command)), env=self.env, folder=self.folder)
        said = []
        reading = asyncio.create_task(child.read(said.append))
        text = lambda: b"".join(said).decode(errors="replace")  # noqa: E731
        await self.wait_for(lambda: "INITED" in text(), text)

        queue = self.folder / "afl/main/queue"
        queue.mkdir(parents=True)
        seeds = [path.read_bytes() for path in sorted(SEEDS.glob("*.ops"))]
        for i, seed in enumerate(seeds):
            (queue / f"id:{i:06},src:000001,time:1,execs:9,insert-op,+cov").write_bytes(seed)
        (queue / "id:001000,time:0,execs:0,orig:seed").write_bytes(b"of no interest")
        instance = afl.Instance(str(self.folder / "afl"), "main")
        self.assertEqual(instance.export(str(self.corpus), ended=False), 0, "what may be half written waits")
        self.assertEqual(instance.export(str(self.corpus), ended=False), len(set(seeds)))
        self.assertEqual(instance.export(str(self.corpus), ended=True), 0)
        self.assertEqual((self.corpus / hashlib.sha1(seeds[0]).hexdigest()).read_bytes(), seeds[0])
        self.assertEqual(os.listdir(self.corpus.parent), ["target"], "nothing is left beside it")

        # libFuzzer's word for entries that came from outside and reach what it had not reached.
        await self.wait_for(lambda: "RELOAD" in text(), text)
        child.kill()
        await reading

    async def test_from_libfuzzer_to_afl(self):
        seeds = self.folder / "seeds"
        afl.make_seeds(str(seeds), [])
        instance = afl.Instance(str(self.folder / "afl"), "main")
        output = afl.Output(instance)
        env = afl.environment(self.env, profile=self.plan.profile,
                              mutator=str(fuzzers("afl") / "sluice_afl_mutator.so")) | await output.listen()
        before = sorted(SEEDS.glob("*.ops"))[0]
        (self.corpus / "before").write_bytes(before.read_bytes())
        command = instance.command(str(fuzzers("afl") / self.target), seconds=LONGEST_SECONDS, seeds=str(seeds),
                                   corpus=str(self.corpus), max_len=self.plan.max_len)
        child = await self.children.start(command, env=env, folder=self.folder)
        reading = asyncio.create_task(child.read(output.add))
        text = lambda: "\n".join(output.log[-30:])  # noqa: E731

        def arrived(data):
            found = (self.folder / "afl/main/queue").glob("id:*,sync:*")
            return any(path.read_bytes() == data for path in found)

        await self.wait_for(lambda: output.executions > 100, text)
        self.assertTrue(arrived(before.read_bytes()), "what was there at the beginning")
        # Found while it runs. All of them, because what AFL++ has found itself by then is not new to it.
        for seed in sorted(SEEDS.glob("*.ops")):
            (self.corpus / seed.name).write_bytes(seed.read_bytes())
        await self.wait_for(lambda: any(arrived(seed.read_bytes()) for seed in SEEDS.glob("*.ops") if seed != before), text)
        child.kill()
        await reading
        output.finish()


if __name__ == "__main__":
    unittest.main()
