"""Triage without fuzzing: what findings are called, how they are reproduced, shrunk, told, grouped, and made regression tests.

    triage_test.py SLUICE [unittest's arguments]

The fuzz targets here are short scripts that die as they are told to; `sluice` is the real one.
"""

import asyncio
import json
import os
import re
import resource
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import jsonschema

SLUICE = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]
IS_SANITIZED = re.search(r"^SLUICE_SANITIZERS:STRING=.", SLUICE.with_name("CMakeCache.txt").read_text(), re.MULTILINE) is not None
sys.path.insert(0, str(ROOT / "scripts"))
from sluice_dev.campaign import campaign as campaign_module  # noqa: E402
from sluice_dev.campaign import options as campaign_options  # noqa: E402
from sluice_dev.triage import findings  # noqa: E402
from sluice_dev.triage import grouping  # noqa: E402
from sluice_dev.mutation import campaigns  # noqa: E402
from sluice_dev.triage import promote  # noqa: E402
from sluice_dev.engines import recent_inputs  # noqa: E402
from sluice_dev.triage import triage  # noqa: E402
from sluice_dev.triage.findings import Finding  # noqa: E402
from sluice_dev.common.processes import Children  # noqa: E402
from sluice_dev.triage.report import Report  # noqa: E402

# The canary's, so that the real `sluice` finds it too.
CANARY_PROGRAM = """methods write
on write return pending
w0 = stream.getWriter()
run
read stream
w0.write("a")
w0.abort(r1)
w0.releaseLock()
run
"""
ASAN = """==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1 at pc 0x2
    #0 0x1 in sluice::core::Fifo<sluice::core::Slot>::front() const {root}/src/core/fifo.h:60:5
    #1 0x2 in sluice::core::(anonymous namespace)::Take(Host&)::$_0::operator()() const /x/build/a/../../src/core/writable_stream.cc:12:3
    #2 0x3 in std::vector<int>::at(int) /usr/include/c++/12/bits/vector.h:1:1
    #3 0x4 in sluice::fuzz::Driver::Run() {root}/fuzz/driver/driver.cc:9:1
    #4 0x5 in main {root}/fuzz/targets/x.cc:1:1
freed by thread T0 here:
    #0 0x1 in other {root}/src/core/other.cc:1:1
SUMMARY: AddressSanitizer: heap-use-after-free {root}/src/core/fifo.h:60:5 in front
SUMMARY: libFuzzer: deadly signal
"""


def report(text, root="/root"):
    made = Report(root)
    for line in text.replace("{root}", root).splitlines():
        made.add_line(line)
    return made


def spoken(key, **more):
    """The line of an oracle."""
    oracle, rule = key.split("@")[0].split("/")
    return "SLUICE-FINDING " + json.dumps({"key": key, "oracle": oracle, "rule": rule, "sentence": "so", "frames": []} | more)


def finding(identity, **more):
    oracle, _, rule = identity.partition("@")[0].partition("/")
    more["record"] = {"key": identity, "oracle": oracle, "rule": rule} | more.get("record", {})
    fields = dict(target="t_fuzzer", kind="crash", rule="the rule", from_oracle="asan" not in identity, after_seconds=1.0, folder="")
    return Finding(identity, **(fields | more))


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class Identities(unittest.TestCase):
    def test_a_sanitizers_finding_is_its_kind_and_our_innermost_frame_that_may_be_at_fault(self):
        self.assertEqual(report(ASAN).identity("t"), "asan/heap-use-after-free@Take")

    def test_hosts_and_containers_are_at_fault_only_if_nothing_else_is_there(self):
        host, caller = "    #0 0x1 in Name(int) /root/src/sim/host.cc:1:1\n", "    #1 0x2 in Close(int) /root/src/core/a.cc:3:1\n"
        self.assertTrue(report(host + caller).identity("t").endswith("@Close"))
        self.assertTrue(report(host).identity("t").endswith("@Name"))

    def test_the_first_stack_counts(self):
        self.assertEqual([f.file for f in report(ASAN).frames], ["src/core/fifo.h", "src/core/writable_stream.cc", "fuzz/driver/driver.cc", "fuzz/targets/x.cc"])

    def test_a_frame_without_a_line_counts(self):
        made = report("    #0 0x1 in Finish(int) /root/build/../src/core/a.cc\n    #1 0x2 in Run() (/root/src/v8/c.h.so+0x3)\n    #2 0x3 in Go() /root/src/v8/b.cc:3:1\n")
        self.assertEqual([(f.function, f.file, f.line) for f in made.frames], [("Finish", "src/core/a.cc", 0), ("Go", "src/v8/b.cc", 3)])

    def test_an_oracles_word_is_the_identity(self):
        made = report(spoken("slots/state@WritableStreamAbort", operation="WritableStreamAbort") + "\n" + ASAN)
        self.assertEqual((made.identity("t"), made.rule), ("slots/state@WritableStreamAbort", "so"))
        self.assertEqual(made.record("t")["operation"], "WritableStreamAbort")
        self.assertEqual(report(spoken("slots/state")[:-3] + "\n" + ASAN).identity("t"), "asan/heap-use-after-free@Take", "it was cut short")

    def test_the_record_of_a_crash_has_the_members_of_an_oracles(self):
        schema = json.loads((ROOT / "fuzz/oracle/finding.schema.json").read_text())
        jsonschema.validate(report(ASAN).record("t"), schema)
        for words in ("ERROR: LeakSanitizer: detected memory leaks", "ERROR: libFuzzer: timeout after 25 seconds", "Killed"):
            jsonschema.validate(report(words).record("t"), schema)

    def test_leaks_timeouts_and_exhausted_memory_are_distinguished(self):
        for words, kind in (("ERROR: LeakSanitizer: detected memory leaks", "leak"), ("ERROR: libFuzzer: timeout after 25 seconds", "timeout"),
                            ("ERROR: libFuzzer: out-of-memory (used: 1Mb)", "oom")):
            made = report(f"==3== {words}\n    #0 0x1 in sluice::core::Spin(int) /root/src/core/a.cc:3:1\n")
            self.assertEqual((made.kind, made.identity("t")), (kind, f"{kind}/Spin"))

    def test_without_any_of_our_frames_the_target_is_named(self):
        self.assertEqual(report("SUMMARY: AddressSanitizer: stack-overflow (x)").identity("t_fuzzer"), "asan/stack-overflow@t_fuzzer")

    def test_an_undefined_behaviours_rule_is_its_own_words(self):
        made = report("/root/src/core/a.cc:3:5: runtime error: shift exponent 64\nSUMMARY: UndefinedBehaviorSanitizer: shift-exponent /root/src/core/a.cc:3:5 in f")
        self.assertEqual(made.rule, "UndefinedBehaviorSanitizer: shift exponent 64")
        self.assertTrue(made.identity("t").startswith("ubsan/shift-exponent@"))

    def test_a_hangs_function_is_the_innermost_of_every_sample(self):
        def hang(*inner):
            names = [*inner, "Loop", "Outer"]
            return report("".join(f"    #{i} 0x1 in {name}() /root/src/core/a.cc:{i}:1\n" for i, name in enumerate(names)))
        self.assertEqual(triage._where_it_hangs([hang("a"), hang("b", "c"), hang()]), "Loop")
        self.assertIsNone(triage._where_it_hangs([report("")]))

    def test_folder_names_differ_for_different_identities_and_are_plain(self):
        names = {findings.folder_name(identity) for identity in ("slots/a b", "slots/a/b", "slots/a-b", "slots/" + "x" * 300, "slots/" + "x" * 301, "../..")}
        self.assertEqual(len(names), 6)
        for name in names:
            self.assertRegex(name, r"^[A-Za-z0-9._@-]{1,80}$")


def diverging(identity, operation, after, actual="begins G", **more):
    frames = more.pop("frames", [])
    record = {"operation": operation, "after": after, "expected": "ends F", "actual": actual, "frames": frames}
    return finding(identity, record=record, **more)


def crashed(identity, *frames):
    return finding(identity, record={"frames": list(frames)})


class Groups(Folder):
    def same(self, a, b):
        self.assertEqual(bool(grouping.why_same(a, b)), bool(grouping.why_same(b, a)))
        return bool(grouping.why_same(a, b))

    @staticmethod
    def groups(*found):
        return [[f.identity for f in members] for members in grouping.group(found)]

    def test_a_divergence_in_the_same_place_is_the_same_fault(self):
        a, b = diverging("assert/A", "F", "the begin of F"), diverging("slots/B", "F", "the begin of F", "ends F")
        self.assertTrue(self.same(a, b))
        self.assertFalse(self.same(a, diverging("slots/B", "F", "the end of G", "ends F")))
        self.assertFalse(self.same(a, diverging("slots/B", "E", "the begin of F")))
        outside = [diverging(identity, "microtasks", None, actual) for identity, actual in (("slots/A", "ends F"), ("slots/B", "begins F"))]
        self.assertFalse(self.same(*outside), "one fault diverges in many places there, and a place is that of many faults")

    def test_two_divergences_are_two_faults_with_one_key_too(self):
        a, b = diverging("slots/x@F", "F", "the begin of F"), diverging("slots/x@F", "F", "the end of H", "ends F")
        self.assertFalse(self.same(a, b))
        b.record["after"] = None
        self.assertTrue(self.same(a, b))

    def test_a_finding_without_divergence_joins_no_two_divergences(self):
        a, b = diverging("slots/x@construct", "F", "the begin of F"), diverging("slots/x@construct", "G", "the begin of G")
        self.assertEqual(len(self.groups(a, b, finding("slots/x@construct", after_seconds=9.0))), 2)

    def test_a_crash_after_the_same_divergence_is_the_same_fault(self):
        oracle = diverging("slots/B", "writer.write()", "the begin of writer.write()")
        crash = diverging("asan/segv@Take", "writer.write()", "the begin of writer.write()", frames=["Take src/core/a.cc:1"])
        self.assertTrue(self.same(oracle, crash))
        crash.record["operation"] = "writer.close()"
        self.assertFalse(self.same(oracle, crash))

    def test_a_crash_in_the_operation_in_which_another_diverges_is_that_fault(self):
        oracle, crash = diverging("assert/A", "F", "the begin of F"), crashed("asan/segv@F", "F src/core/a.cc:3")
        self.assertTrue(self.same(oracle, crash))
        self.assertFalse(self.same(oracle, crashed("asan/segv@E", "E src/core/a.cc:3")))
        self.assertTrue(self.same(oracle, crashed("asan/segv@Name", "Name src/sim/host.cc:1", "F src/core/a.cc:3")), "the host only looks up names")
        crash.record["operation"] = "E"
        self.assertFalse(self.same(oracle, crash), "it diverged before")

    def test_crashes_are_the_same_at_the_same_line(self):
        at = ("F src/core/a.cc:3", "G src/core/a.cc:9")
        a, b = crashed("asan/heap-use-after-free@F", *at), crashed("asan/use-after-poison@F", *at)
        self.assertTrue(self.same(a, b), "one wrong access may be of freed or poisoned memory")
        self.assertFalse(self.same(a, crashed("asan/use-after-poison@F", "F src/core/a.cc:4")))
        self.assertFalse(self.same(a, crashed("ubsan/shift-exponent@F", *at)))
        b.record["operation"] = "G"
        self.assertFalse(self.same(a, b), "only one of them diverged before")

    def test_findings_of_v8_alone_are_one_fault_by_rule(self):
        alone = lambda identity, step: finding(identity, record={"v8_only": True, "step": step})
        a = alone("model/property-ready@close", "close")
        self.assertTrue(self.same(a, alone("model/property-ready@abort", "abort")))
        self.assertFalse(self.same(a, alone("slots/state@close", "close")))
        self.assertFalse(self.same(a, finding("model/property-ready@abort", record={"step": "abort"})), "a fault of the core")

    def test_byte_findings_merge_when_many_neighbours_agree(self):
        a = finding("config/A", target="config_fuzzer", neighbours={"config/A": 5, "config/B": 3})
        b = finding("config/B", target="config_fuzzer", neighbours={"config/B": 9})
        self.assertTrue(self.same(a, b))
        a.neighbours = {"config/A": 15, "config/B": 1}
        self.assertFalse(self.same(a, b))
        b.target = "request_fuzzer"
        a.neighbours = {"config/B": 3}
        self.assertFalse(self.same(a, b))

    def test_findings_that_never_reproduce_are_one(self):
        never = dict(tries=10, reproduced=0)
        self.assertTrue(self.same(finding("asan/a@F", **never), finding("asan/b@G", **never)))
        self.assertFalse(self.same(finding("asan/a@F", **never), finding("asan/b@G", tries=10, reproduced=1)))

    def test_an_input_that_is_always_another_finding_joins_it(self):
        a = finding("asan/a@F", tries=10, reproduced=0, others={"asan/b@G": 10})
        self.assertTrue(self.same(a, finding("asan/b@G", tries=10, reproduced=10)))
        a.others = {"asan/b@G": 9}
        self.assertFalse(self.same(a, finding("asan/b@G", tries=10, reproduced=10)))

    def test_the_strongest_names_the_group_and_groups_keep_their_order(self):
        place = ("F", "the begin of F")
        late, early = diverging("assert/A", *place, after_seconds=5.0), diverging("model/B", *place, after_seconds=1.0)
        self.assertEqual(self.groups(finding("slots/z", after_seconds=3.0), late, early), [["assert/A", "model/B"], ["slots/z"]])

    def test_merging_keeps_every_folder(self):
        found = []
        for number, identity in enumerate(("slots/a@F", "slots/b@F", "slots/b@F")):
            folder = self.folder / f"{number}/it"
            folder.mkdir(parents=True)
            (folder / "input").write_text(str(number))
            found.append(diverging(identity, "F", "the begin of F", folder=str(folder), after_seconds=3.0 - number))
        left, = grouping.merge(found)
        self.assertEqual((left.also_seen_as, left.after_seconds), (["slots/a@F"], 1.0))
        self.assertEqual(sorted(path.read_text() for path in Path(left.folder).rglob("input")), ["0", "1", "2"])


class Recorded(Folder):
    def test_a_finding_is_what_it_was_when_it_is_read_again(self):
        found = finding("slots/x@write", folder=str(self.folder), shrunk=True, program="w0.close()\n",
                        record={"operation": "F", "frames": ["F src/core/a.cc:3"]})
        self.file("program.ops", found.program)
        findings.write_data(found, {})
        self.assertEqual(findings.restore(str(self.folder)), found)
        self.file("finding.json", "[]")
        with self.assertRaises(ValueError):
            findings.restore(str(self.folder))

    def test_two_faults_with_one_identity_are_a_pair(self):
        found_of = {"a": [diverging("slots/x", "F", "the begin of F"), diverging("slots/y", "G", "the end of G", "ends G")],
                    "b": [diverging("slots/z", "F", "the begin of F")], "c": [diverging("slots/x", "G", "the begin of G", "ends H")]}
        self.assertEqual(campaigns.shared(found_of), [("a", "b")])


class Unfinished(Folder):
    def test_a_campaign_takes_over_what_a_killed_one_has_not_investigated(self):
        self.file("build/libfuzzer-asan/fuzzers/targets.txt", "writable_stream_fuzzer\n")
        killed = self.folder / "killed"
        for name, more in (("slots/x@write", {}), ("asan/leak@F", {"from_oracle": False, "tries": 4, "reproduced": 3, "others": {"a": 1}}),
                           ("slots/y@write", {"target": "gone_fuzzer"}), ("slots/z@write", {"tries": 10, "reproduces": True})):
            folder = killed / "findings" / findings.folder_name(name)
            self.file(str(folder / "input"), name)
            found = finding(name, **{"target": "writable_stream_fuzzer", "folder": str(folder), "before": 2, "after_seconds": 5.0} | more)
            findings.write_data(found, {})
        self.file(str(killed / "findings/damaged/finding.json"), "{")
        self.file(str(killed / "summary.json"), '{"interrupted": true}')
        investigated = self.folder / "investigated"
        self.file(str(investigated / "summary.json"), '{"interrupted": true}')
        folder = investigated / "findings/slots-v@write"
        self.file(str(folder / "input"), "")
        findings.write_data(finding("slots/v@write", target="writable_stream_fuzzer", folder=str(folder), tries=10, reproduces=True), {})
        out = self.folder / "out"
        options = campaign_options.Options(root=str(self.folder), seconds=10, jobs=1, out=str(out), corpus=str(self.folder / "corpus"), preset="asan",
                                           engines=("libfuzzer",), targets=(), is_built=True, unfinished=(str(killed), str(investigated), str(self.folder / "nowhere")))
        campaign = campaign_module.Campaign(options)
        with mock.patch.object(campaign_module, "say") as said:
            campaign._take_over()
        self.assertEqual(len(said.call_args_list), 1, "the damaged one")
        self.assertEqual(sorted(campaign.findings), ["asan/leak@F", "slots/x@write", "slots/z@write"])
        self.assertEqual(campaign.known.suppressed, ["slots/x@write", "slots/z@write"])
        self.assertEqual(campaign.targets[0].findings, 3)
        for taken in campaign.findings.values():
            self.assertEqual((taken.tries, taken.reproduced, taken.others, taken.before, taken.after_seconds), (0, 0, {}, 2, 5.0))
            self.assertEqual(Path(taken.folder).parent, out / "findings")
            self.assertEqual((Path(taken.folder) / "input").read_text(), taken.identity)
        self.assertEqual(sorted(path.name for path in (killed / "findings").iterdir()), ["damaged", "slots-y@write"])
        self.assertTrue(folder.is_dir())


class RecentInputs(Folder):
    def ring(self, name, numbers, inputs=4, size=8, count=None):
        """As the harness writes it: `numbers` -> bytes."""
        slots = [struct.pack("<QQ8s", 0, 0, b"")] * inputs
        for number, data in numbers.items():
            slots[(number - 1) % inputs] = struct.pack("<QQ8s", number, len(data), data[:size])
        return self.file(name, struct.pack("<8sIIQQ", b"SLUICERI", inputs, size, 1, count or max(numbers, default=0)) + b"".join(slots))

    def test_the_oldest_come_first_and_those_that_were_overwritten_are_gone(self):
        path = self.ring("1.ring", {3: b"c", 4: b"d", 5: b"e", 6: b"f"})
        self.assertEqual([data for _, data, _ in recent_inputs.read(path)], [b"c", b"d", b"e", b"f"])

    def test_the_process_that_ran_the_input_last_is_found(self):
        self.ring("1.ring", {1: b"a", 2: b"x"})
        self.ring("2.ring", {1: b"b", 2: b"c", 3: b"y"})
        self.assertEqual(recent_inputs.before(self.folder, b"y"), [b"b", b"c"])
        self.assertIsNone(recent_inputs.before(self.folder, b"z"))
        self.assertIsNone(recent_inputs.before(self.folder / "missing", b"z"))

    def test_what_is_cut_is_left_out_and_still_known(self):
        self.ring("1.ring", {1: b"123456789", 2: b"a", 3: b"abcdefghij"})
        self.assertEqual(recent_inputs.before(self.folder, b"abcdefghij"), [b"a"])

    def test_damaged_files_are_skipped(self):
        self.file("0.ring", b"")
        self.file("1.ring", b"SLUICERI" + b"\xff" * 40)
        self.ring("2.ring", {1: b"b", 2: b"y"}, count=3)  # the process died as it wrote the third
        self.assertEqual(recent_inputs.before(self.folder, b"y"), [b"b"])

    def test_they_are_written_as_files(self):
        self.ring("1.ring", {1: b"a", 2: b"b", 3: b"x"})
        self.assertEqual(recent_inputs.save(self.folder, b"x", self.folder / "before"), 2)
        self.assertEqual([(self.folder / "before" / name).read_bytes() for name in ("001", "002")], [b"a", b"b"])


class Target(Folder):
    """A fuzz target that is a script: for each file, `body` runs with FILE set; `die WORDS` ends it as a sanitizer would."""

    def target(self, body):
        path = self.file("fuzzers/t_fuzzer", f"""#!/bin/bash
die() {{ printf '%s\n' "$@"; exit 77; }}
for FILE; do
  [[ $FILE == -* ]] && continue
  echo "Running: $FILE"
  {body}
  echo "Executed $FILE in 0 ms"
done
""")
        path.chmod(0o755)
        return path


@unittest.skipUnless(IS_SANITIZED, "only a sanitizer's build knows where operations begin")
class Divergences(Folder):
    def test_the_divergence_is_in_the_record_and_reported(self):
        path = self.file("program.ops", CANARY_PROGRAM)
        work = triage.Triage(Children(), str(SLUICE), str(self.folder), dict(os.environ), str(ROOT), "libfuzzer-asan")
        record = asyncio.run(work._record("slots/writer", ["--canary"], str(path), str(self.folder)))
        self.assertEqual((record["key"], record["operation"], record["expected"]), ("slots/writer@releaseLock", "releaseLock", "begins writer.releaseLock()"))
        found = finding(record["key"], record=record, folder=str(self.folder))
        self.assertIn("diverges from the standard in releaseLock: the standard begins writer.releaseLock(); the core ",
                      findings.readme(found, work.build, str(ROOT), str(self.folder)))
        self.assertIsNone(asyncio.run(work._record("slots/writer", [], str(path), str(self.folder))), "it passes without the fault")


class SameFinding(Target):
    CRASH = 'grep -q X "$FILE" && die "SUMMARY: AddressSanitizer: crash-x"; grep -q Y "$FILE" && die "SUMMARY: AddressSanitizer: crash-y"'

    def ask(self, *contents, identity="asan/crash-x@t_fuzzer", last=False, body=CRASH):
        files = [str(self.file(f"in/{i}", content)) for i, content in enumerate(contents)]
        run = subprocess.run([sys.executable, "-B", ROOT / "scripts/sluice_dev", "same-finding", "--root", ROOT, "--identity", identity,
                              *(["--last"] if last else []), self.target(body), "-timeout=5", "--", *files], text=True, capture_output=True, check=True)
        return int(run.stdout)

    def test_the_first_input_that_dies_in_the_same_way_is_printed(self):
        self.assertEqual(self.ask("a", "bX", "X"), 2)

    def test_an_input_that_dies_in_another_way_is_skipped(self):
        self.assertEqual(self.ask("Y", "Y", "a", "X"), 4)
        self.assertEqual(self.ask("Y", "a", "Y"), 0)

    def test_a_program_that_passes_is_no_finding(self):
        self.assertEqual(self.ask("a", "b"), 0)

    def test_a_hang_is_detected_by_processor_time(self):
        body = 'grep -q X "$FILE" && while :; do :; done'
        self.assertEqual(self.ask("a", "X", identity="timeout/Loop", body=body), 2)
        self.assertEqual(self.ask("a", "b", identity="timeout/Loop", body=body), 0)

    def test_of_a_sequence_only_the_last_counts(self):
        body = 'grep -q P "$FILE" && poisoned=1; grep -q X "$FILE" && [[ -n ${poisoned:-} ]] && die "SUMMARY: AddressSanitizer: crash-x"; true'
        self.assertEqual(self.ask("P", "X", last=True, body=body), 2)
        self.assertEqual(self.ask("a", "X", last=True, body=body), 0)

    def test_sluice_shrinks_by_asking(self):
        body = '[[ $("$SLUICE" show "$FILE") == *close* ]] && die "SUMMARY: AddressSanitizer: crash-x"; true'
        program = self.file("program.ops", CANARY_PROGRAM + "w0.close()\nrun\n")
        command = shlex.join([sys.executable, "-B", f"{ROOT}/scripts/sluice_dev", "same-finding", "--root", "/", "--identity", "asan/crash-x@t_fuzzer",
                              str(self.target(body)), "--"])
        run = subprocess.run([SLUICE, "shrink", "--finding", "asan/x", "--command", command, program], text=True, capture_output=True,
                             env=os.environ | {"SLUICE": str(SLUICE), "TMPDIR": str(self.folder)}, check=False)
        self.assertEqual((run.returncode, run.stdout), (0, "# asan/x\nw0.close()\n"), run.stderr)
        self.assertIn("nothing more can go", run.stderr)
        self.assertEqual(list(self.folder.glob("sluice-shrink-*")), [])


class Investigated(Target):
    def investigate(self, body, content, identity="asan/crash-x@t_fuzzer", before=(), stop_at=None, **more):
        self.target(body)
        where = self.folder / "findings" / "it"
        found = finding(identity, folder=str(where), **more)
        artifact = self.file("artifacts/crash-1", content)
        findings.keep(found, str(artifact), ["INFO: Seed: 17", "a line"], None)
        if before:
            (where / "before").mkdir()
            for number, data in enumerate(before, 1):
                (where / f"before/{number:03}").write_text(data)
            found.before = len(before)

        async def run():
            work = triage.Triage(Children(), str(SLUICE), str(self.folder / "fuzzers"), os.environ | {"SLUICE": str(SLUICE)}, str(ROOT), "libfuzzer-asan")
            if stop_at:
                step = getattr(work, stop_at)

                async def stopped(*arguments, **named):
                    work.stopped = True
                    await step(*arguments, **named)
                setattr(work, stop_at, stopped)
            await work.investigate(found)
        asyncio.run(run())
        return found, where

    ALWAYS = '[[ $("$SLUICE" show "$FILE") == *close* ]] && die "==1==ERROR: AddressSanitizer: it" "SUMMARY: AddressSanitizer: crash-x"; true'

    def test_a_finding_is_reproduced_ten_times_shrunk_and_reported(self):
        found, where = self.investigate(self.ALWAYS, CANARY_PROGRAM + "w0.close()\n")
        self.assertEqual((found.reproduced, found.tries, found.reproduces, found.shrunk), (10, 10, True, True))
        self.assertEqual((where / "program.ops").read_text(), "# asan/crash-x@t_fuzzer\nw0.close()\n")
        self.assertIn("w0.releaseLock()", (where / "unshrunk.ops").read_text())
        self.assertEqual((where / "input").read_text(), CANARY_PROGRAM + "w0.close()\n")
        self.assertIn("AddressSanitizer: it", (where / "stack.txt").read_text())
        for name in ("model.trace", "program.js", "report.txt", "log.txt"):
            self.assertTrue((where / name).stat().st_size > 0, name)
        readme = (where / "README.md").read_text()
        for words in ("It crashed; found by", "10 of 10 times", "w0.close()", "scripts/repro", "scripts/promote", "Seed of the engine: 17", "compiler:", "program.js"):
            self.assertIn(words, readme)
        data = json.loads((where / "finding.json").read_text())
        self.assertEqual((data["identity"], data["reproduced"], data["seed"], data["portable"]), (found.identity, 10, "17", ""))
        self.assertEqual(set(data["build"]), {"commit", "dirty", "preset", "sanitizer", "compiler"})
        self.assertEqual(list(self.folder.rglob("*.new")) + list(where.glob("shrink-*")), [])

    def test_a_bytes_finding_has_the_findings_of_its_neighbours(self):
        body = ('grep -q xy "$FILE" && die "==1==ERROR: AddressSanitizer: it" "SUMMARY: AddressSanitizer: crash-x"; '
                'grep -q x "$FILE" && die ' + shlex.quote(spoken("config/CFG-X")) + '; true')
        (self.folder / "fuzzers").mkdir()
        (self.folder / "fuzzers/config_fuzzer").symlink_to("t_fuzzer")
        found, where = self.investigate(body, "...xy..", identity="asan/crash-x@config_fuzzer", target="config_fuzzer")
        self.assertTrue(found.shrunk)
        self.assertEqual((where / "shrunk").read_text(), "xy")
        # axy and xya; x, xa and xay; not y and ay
        self.assertEqual(found.neighbours, {"asan/crash-x@config_fuzzer": 2, "config/CFG-X": 3})

    def test_a_bytes_finding_is_shrunk_by_the_target(self):
        (self.folder / "fuzzers").mkdir()
        (self.folder / "fuzzers/config_fuzzer").symlink_to("t_fuzzer")
        found, where = self.investigate('grep -q xy "$FILE" && die ' + shlex.quote(spoken("config/CFG-X")) + '; true', "...xy..", identity="config/CFG-X",
                                        target="config_fuzzer")
        self.assertTrue(found.from_oracle and found.shrunk)
        self.assertEqual((where / "shrunk").read_text(), "xy")
        self.assertIn("A rule was broken; found by", (where / "README.md").read_text())

    def test_the_target_shrinks_v8_findings_that_the_judge_cannot(self):
        (self.folder / "fuzzers").mkdir()
        (self.folder / "fuzzers/v8_binding_fuzzer").symlink_to("t_fuzzer")
        body = f'[[ $("$SLUICE" show "$FILE") == *close* ]] && die {shlex.quote(spoken("slots/x@close"))}; true'
        found, where = self.investigate(body, CANARY_PROGRAM + "w0.close()\n", identity="slots/x@close", target="v8_binding_fuzzer")
        self.assertTrue(found.shrunk)
        self.assertEqual((where / "program.ops").read_text(), "# slots/x@close\nw0.close()\n")

    def test_identities_that_the_process_suppressed_are_suppressed_again(self):
        """As a leak in a program that breaks a rule, which is known: without passing that over, the program would end by it."""
        body = f'[[ ",$SLUICE_IGNORE_FINDINGS," == *,slots/known,* ]] || die {shlex.quote(spoken("slots/known"))}; ' + self.ALWAYS
        found, where = self.investigate(body, CANARY_PROGRAM + "w0.close()\n", suppressed=["slots/other", "slots/known"])
        self.assertEqual((found.reproduced, found.shrunk, found.suppressed), (10, True, ["slots/other", "slots/known"]))
        self.assertIn("SLUICE_IGNORE_FINDINGS=slots/other,slots/known ", (where / "README.md").read_text())
        found, where = self.investigate(self.ALWAYS, CANARY_PROGRAM + "w0.close()\n", suppressed=["slots/other"])
        self.assertEqual((found.reproduced, found.suppressed), (10, []))

    def test_a_program_beyond_javascript_has_the_reason(self):
        found, where = self.investigate(self.ALWAYS.replace("*close*", "*byteLimit*"), "byteLimit 64\nw0.close()\n")
        self.assertIn("byte limit", found.portable)
        self.assertFalse((where / "program.js").exists())
        self.assertIn("There is no `program.js`: ", (where / "README.md").read_text())

    def test_a_flaky_finding_is_reported_and_not_shrunk(self):
        # Each second process.
        body = f'count=$(cat {self.folder}/count 2>/dev/null || echo 0); echo $((count + 1)) >{self.folder}/count; ((count % 2)) && die "SUMMARY: AddressSanitizer: crash-x"; true'
        found, where = self.investigate(body, CANARY_PROGRAM)
        self.assertEqual((found.reproduced, found.tries, found.reproduces, found.shrunk), (5, 10, False, False))
        self.assertIn("flaky: reproduces 5 of 10 times", (where / "README.md").read_text())
        self.assertIn("w0.releaseLock()", (where / "program.ops").read_text())
        with self.assertRaisesRegex(promote.Refused, "5 of 10"):
            promote.check(str(where), findings.load(where))

    def test_one_that_needs_what_ran_before_it_gets_the_shortest_sequence(self):
        body = 'grep -q -- P "$FILE" && poisoned=1; grep -q releaseLock "$FILE" && [[ -n ${poisoned:-} ]] && die "SUMMARY: AddressSanitizer: crash-x"; true'
        found, where = self.investigate(body, CANARY_PROGRAM, before=["a\n", "b\n", "# P\nw0.close()\n", "c\n", "d\n"])
        self.assertEqual((found.reproduced, found.sequence), (0, ["before/003"]))
        self.assertEqual((where / "sequence/001").read_text(), "# P\nw0.close()\n")
        self.assertIn("w0.close()", (where / "before/003.ops").read_text())
        self.assertIn("reproduces only behind 1 other input", (where / "README.md").read_text())
        with self.assertRaisesRegex(promote.Refused, "behind other inputs"):
            promote.check(str(where), findings.load(where))

    def test_a_finding_that_never_reproduces_is_reported_with_earlier_inputs(self):
        found, where = self.investigate("true", CANARY_PROGRAM, before=["w0.close()\n"])
        self.assertEqual((found.reproduces, found.sequence), (False, []))
        readme = (where / "README.md").read_text()
        self.assertIn("does not reproduce: 0 of 10", readme)
        self.assertIn("`before/`", readme)
        self.assertTrue((where / "before/001.ops").exists())

    def test_another_identity_is_no_reproduction(self):
        found, _ = self.investigate('die "SUMMARY: AddressSanitizer: crash-other"', CANARY_PROGRAM)
        self.assertEqual((found.reproduced, found.others), (0, {"asan/crash-other@t_fuzzer": 10}))

    def test_interrupted_at_any_step_nothing_is_lost(self):
        for step in ("_reproduce", "_write_program", "_shrink", "_write_record", "_write_traces", "_write_report", "_write_javascript"):
            found, where = self.investigate(self.ALWAYS, CANARY_PROGRAM + "w0.close()\n", stop_at=step)
            self.assertEqual((where / "input").read_text(), CANARY_PROGRAM + "w0.close()\n", step)
            self.assertEqual(findings.load(where)["identity"], found.identity, step)
            self.assertIn("scripts/repro", (where / "README.md").read_text(), step)


class DiskFull(Folder):
    def limited(self, size, work):
        """Runs `work` in a process whose files cannot be larger than `size`; its exit code."""
        pid = os.fork()
        if pid == 0:
            try:
                import signal
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
                work()
                os._exit(0)
            except OSError:
                os._exit(3)
            except BaseException:  # pylint: disable=broad-except
                os._exit(4)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_the_engines_file_stays_until_the_finding_is_written(self):
        artifact = self.file("crash-1", "x" * 5000)
        found = finding("asan/x", folder=str(self.folder / "finding"))
        self.assertEqual(self.limited(1000, lambda: findings.keep(found, str(artifact), [], None)), 3)
        self.assertEqual(artifact.read_text(), "x" * 5000)
        findings.keep(found, str(artifact), [], None)
        self.assertEqual((self.folder / "finding/input").read_text(), "x" * 5000)

    def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(self):
        path = self.file("README.md", "old")
        self.assertEqual(self.limited(1000, lambda: findings.write(str(path), "x" * 5000)), 3)
        self.assertEqual(path.read_text(), "old")

    def test_a_finding_whose_report_cannot_be_written_says_so_and_is_there(self):
        artifact = self.file("crash-1", CANARY_PROGRAM)
        found = finding("slots/x@write", folder=str(self.folder / "finding"))
        findings.keep(found, str(artifact), [], None)

        async def run():
            work = triage.Triage(Children(), str(SLUICE), "/nonexistent", dict(os.environ), str(ROOT), "libfuzzer-asan")
            await work.investigate(found)
        asyncio.run(run())
        self.assertIn("/nonexistent", found.trouble)
        self.assertEqual((self.folder / "finding/input").read_text(), CANARY_PROGRAM)


class Promote(Folder):
    def setUp(self):
        super().setUp()
        (self.folder / "root/corpus/writable_stream_fuzzer").mkdir(parents=True)

    def made(self, program=CANARY_PROGRAM, **more):
        where = self.folder / "finding"
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir()
        (where / "program.ops").write_text("# slots/writer@releaseLock\n" + program)
        fields = dict(target="writable_stream_fuzzer", folder=str(where), tries=10, reproduced=10)
        findings.write_data(finding("slots/writer@releaseLock", **(fields | more)), {})
        return where

    def run_it(self, where, *flags):
        return subprocess.run([sys.executable, "-B", ROOT / "scripts/sluice_dev", "promote", "--root", self.folder / "root", "--sluice", SLUICE, *flags, "--", where],
                              text=True, capture_output=True, check=False)

    def test_a_finding_becomes_a_corpus_file_whose_first_line_says_why(self):
        run = self.run_it(self.made())
        self.assertEqual(run.returncode, 0, run.stderr)
        text = (self.folder / "root/corpus/writable_stream_fuzzer/regress-slots-writer-releaselock.ops").read_text()
        self.assertTrue(text.startswith("# slots/writer@releaseLock: the rule (found by writable_stream_fuzzer)\nmethods write\n"), text)
        self.assertIn("Files/CorpusTest.Passes/writable_stream_fuzzer_regress_slots_writer_releaselock", run.stdout)

    def test_twice_changes_nothing(self):
        for words in ("Written", "there already"):
            run = self.run_it(self.made(), "--name", "regress-lost-writer", "--why", "releaseLock() does nothing")
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn(words, run.stdout)
        files = list((self.folder / "root/corpus").rglob("*.*"))
        self.assertEqual([file.name for file in files], ["regress-lost-writer.ops"])
        self.assertTrue(files[0].read_text().startswith("# releaseLock() does nothing\n"))

    def refused(self, words, where, *flags):
        before = sorted((self.folder / "root").rglob("*"))
        run = self.run_it(where, *flags)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn(words, run.stderr)
        self.assertEqual(sorted((self.folder / "root").rglob("*")), before)

    def test_the_same_program_under_another_name_is_refused(self):
        self.run_it(self.made(), "--name", "one")
        self.refused("regress-one.ops is the same program already", self.made(), "--name", "two")

    def test_a_name_that_is_taken_is_refused(self):
        self.run_it(self.made(), "--name", "one")
        self.refused("give it another --name", self.made(program="w0.close()\n"), "--name", "one")

    def test_a_finding_that_does_not_reproduce_is_refused(self):
        self.refused("0 of 10", self.made(reproduced=0))
        self.refused("9 of 10", self.made(reproduced=9))
        self.refused("never tried", self.made(tries=0, reproduced=0))
        self.refused("behind other inputs", self.made(reproduced=0, sequence=["before/001"]))

    def test_the_canary_and_the_codec_are_refused(self):
        self.refused("planted", self.made(target="canary_fuzzer"))
        where = self.made()
        findings.write_data(finding("codec/C-X", folder=str(where), tries=10, reproduced=10), {})
        self.refused("tests/fuzz/text_test.cc", where)

    def test_what_a_campaign_would_cut_is_refused(self):
        self.refused("shorter by hand", self.made(program="w0 = stream.getWriter()\n" + 'w0.write("a")\n' * 40))

    def test_a_long_reason_is_cut_so_that_the_seed_is_read_whole(self):
        self.assertEqual(self.run_it(self.made(), "--name", "x", "--why", "because " * 100).returncode, 0)
        file = self.folder / "root/corpus/writable_stream_fuzzer/regress-x.ops"
        self.assertLessEqual(file.stat().st_size, 384)
        self.assertTrue(file.read_text().endswith(CANARY_PROGRAM))

    def test_other_folders_are_complained_about(self):
        (self.folder / "empty").mkdir()
        for content in (None, "{", "[]", '{"version": 1}'):
            if content is not None:
                self.file("empty/finding.json", content)
            run = self.run_it(self.folder / "empty")
            self.assertEqual(run.returncode, 2)
            self.assertIn("finding.json", run.stderr)
            self.assertNotIn("Traceback", run.stderr)


if __name__ == "__main__":
    unittest.main()
