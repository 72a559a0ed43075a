"""Triage without fuzzing: what findings are called, how they are reproduced, shrunk, told, grouped, and made regression tests.

    triage_test.py SLUICE [unittest's arguments]

The fuzz targets here are short scripts that die as they are told to; `sluice` is the real one.
"""

import asyncio
import json
import os
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SLUICE = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]
IS_SANITIZED = re.search(r"^SLUICE_SANITIZERS:STRING=.", SLUICE.with_name("CMakeCache.txt").read_text(), re.MULTILINE) is not None
sys.path.insert(0, str(ROOT / "scripts"))
from sluice_dev.triage import findings  # noqa: E402
from sluice_dev.triage import grouping  # noqa: E402
from sluice_dev.triage import masked_bugs  # noqa: E402
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


def finding(identity, **more):
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
    def test_a_sanitizers_finding_is_its_kind_and_our_own_frames_without_templates_and_lambdas(self):
        self.assertEqual(report(ASAN).identity("t"), "asan/heap-use-after-free/front<Take<Run")

    def test_the_first_stack_counts(self):
        self.assertEqual([f.file for f in report(ASAN).frames], ["src/core/fifo.h", "src/core/writable_stream.cc", "fuzz/driver/driver.cc", "fuzz/targets/x.cc"])

    def test_a_frame_without_a_line_counts(self):
        made = report("    #0 0x1 in Finish(int) /root/build/../src/core/a.cc\n    #1 0x2 in Run() (/root/src/v8/c.h.so+0x3)\n    #2 0x3 in Go() /root/src/v8/b.cc:3:1\n")
        self.assertEqual([(f.function, f.file, f.line) for f in made.frames], [("Finish", "src/core/a.cc", 0), ("Go", "src/v8/b.cc", 3)])

    def test_an_oracles_word_is_the_identity(self):
        made = report("SLUICE-FINDING slots/state@write\nThe rule:   so\n" + ASAN)
        self.assertEqual((made.identity("t"), made.rule), ("slots/state@write", "so"))

    def test_leaks_timeouts_and_exhausted_memory_are_distinguished(self):
        for words, kind in (("ERROR: LeakSanitizer: detected memory leaks", "leak"), ("ERROR: libFuzzer: timeout after 25 seconds", "timeout"),
                            ("ERROR: libFuzzer: out-of-memory (used: 1Mb)", "oom")):
            made = report(f"==3== {words}\n    #0 0x1 in sluice::core::Spin(int) /root/src/core/a.cc:3:1\n")
            self.assertEqual((made.kind, made.identity("t")), (kind, f"{kind}/Spin"))

    def test_without_any_of_our_frames_the_target_is_named(self):
        self.assertEqual(report("SUMMARY: AddressSanitizer: stack-overflow (x)").identity("t_fuzzer"), "asan/stack-overflow/t_fuzzer")

    def test_an_undefined_behaviours_rule_is_its_own_words(self):
        made = report("/root/src/core/a.cc:3:5: runtime error: shift exponent 64\nSUMMARY: UndefinedBehaviorSanitizer: shift-exponent /root/src/core/a.cc:3:5 in f")
        self.assertEqual(made.rule, "UndefinedBehaviorSanitizer: shift exponent 64")
        self.assertTrue(made.identity("t").startswith("ubsan/shift-exponent/"))

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


class Groups(unittest.TestCase):
    def same(self, a, b):
        self.assertEqual(bool(grouping.why_same(a, b)), bool(grouping.why_same(b, a)))
        return bool(grouping.why_same(a, b))

    @staticmethod
    def groups(*found):
        return [[f.identity for f in members] for members in grouping.group(found)]

    def test_names_and_values_do_not_tell_programs_apart_and_operations_do(self):
        self.assertEqual(grouping.canonical('# why\nw0 = stream.getWriter()\nw0.write("a" * 3) # x\ndetach view(7)#2\n'),
                         grouping.canonical('w2 = stream.getWriter()\nw2.write("# b")\ndetach buffer(1)\n'))
        self.assertNotEqual(grouping.canonical("w0.close()"), grouping.canonical("w0.releaseLock()"))
        self.assertNotEqual(grouping.canonical("on write return pending"), grouping.canonical("on write return"))

    def test_the_same_program_is_the_same_fault(self):
        a = finding("slots/state@write", shrunk=True, program="w0.close()\nw1.abort(r1)\n")
        self.assertTrue(self.same(a, finding("model/x@write", shrunk=True, program="# c\nw1.close()\nw0.abort(r0)\n")))
        self.assertFalse(self.same(a, finding("model/x@write", shrunk=True, program="w1.abort(r0)\n")))
        # What could not be shrunk may be anything.
        self.assertFalse(self.same(a, finding("model/x@write", shrunk=False, program="w0.close()\nw1.abort(r1)\n")))

    def test_each_must_show_the_other(self):
        a = finding("slots/state@write", shrunk=True, program="a", shows=["slots/state@write", "model/x@run"])
        b = finding("model/x@run", shrunk=True, program="b", shows=["model/x@run", "slots/state@write"])
        self.assertTrue(self.same(a, b))
        b.shows = ["model/x@run"]
        self.assertFalse(self.same(a, b), "a consequence in one program alone may be another fault's")

    def test_the_same_rule_in_two_steps_needs_code_in_common(self):
        a = finding("slots/state@write", code=["F:1", "G:2"])
        self.assertTrue(self.same(a, finding("slots/state@abort", code=["G:2", "H:3"])))
        self.assertFalse(self.same(a, finding("slots/state@abort", code=["H:3"])), "two faults may break one rule")
        self.assertFalse(self.same(a, finding("slots/other@abort", code=["G:2"])))

    def test_a_rejection_that_is_reported_and_one_that_is_not_handled_are_the_same_rule(self):
        a = finding("invariant/I-REJECTED-READY-HANDLED@error", code=["EnsureRejected:27", "f:1"])
        b = finding("model/unhandled@releaseLock", code=["EnsureRejected:27", "g:1"])
        self.assertEqual(self.groups(a, b), [[a.identity, b.identity]])
        b.code = ["g:1"]
        self.assertEqual(self.groups(a, b), [[a.identity], [b.identity]])
        b.code = []
        self.assertEqual(self.groups(a, b), [[a.identity], [b.identity]], "of which promise it is, is not known")
        b.identity = "model/unhandled-ready@releaseLock"
        self.assertEqual(self.groups(a, b), [[a.identity, b.identity]])
        b.identity = "model/unhandled-closed@releaseLock"
        self.assertEqual(self.groups(a, b), [[a.identity], [b.identity]])
        b.identity = "model/settled@releaseLock"
        b.code = a.code
        self.assertEqual(self.groups(a, b), [[a.identity], [b.identity]])

    def test_the_same_rule_in_v8_alone_needs_no_code_of_the_core_in_common(self):
        v8 = dict(target="v8_binding_fuzzer", shrunk=True)
        a = finding("invariant/I-REJECTED-CLOSED-HANDLED@microtasks", code=["f:1"], program="a", **v8)
        b = finding("slots/released writer's closedPromise handled@releaseLock", code=["g:1"], program="b", **v8)
        self.assertTrue(self.same(a, b))
        b.diverges_at = "the begin of F"
        self.assertFalse(self.same(a, b), "without V8, too: that is a fault of the core")
        in_core = finding("slots/released writer's closedPromise handled@abort", code=["f:1"], program="c")
        self.assertFalse(self.same(a, in_core))

    def test_a_promise_that_is_read_and_one_that_is_watched_are_the_same_rule(self):
        a, b = finding("model/property-ready@readWriter"), finding("model/result-watchReady@watchReady")
        self.assertTrue(self.same(a, b))
        self.assertFalse(self.same(a, finding("model/result-watchClosed@watchClosed")))

    def test_results_of_two_methods_are_one_rule_for_one_operation(self):
        a = finding("model/result-abort@abort", code=["WritableStreamAbort:121"])
        self.assertTrue(self.same(a, finding("model/result-streamAbort@streamAbort", code=["WritableStreamAbort:121"])))
        self.assertFalse(self.same(a, finding("model/result-streamAbort@streamAbort", code=["Abort:50"])))
        self.assertFalse(self.same(a, finding("model/result-streamClose@streamClose", code=["WritableStreamAbort:121"])))

    def test_a_divergence_at_the_same_place_is_the_same_fault(self):
        def count(**more):
            a = finding("assert/A@abort", shrunk=True, program="a", diverges_at="the begin of WritableStreamAbort")
            b = finding("slots/B@abort", shrunk=True, program="b", diverges_at="the begin of WritableStreamAbort")
            vars(b).update(more)
            return len(self.groups(a, b))

        self.assertEqual(count(), 1)
        self.assertEqual(count(diverges_at="the end of WritableStreamAbort"), 2)
        self.assertEqual(count(diverges_at=""), 2)
        self.assertEqual(count(shrunk=False), 2, "what could not be shrunk may be two faults")

        step = "write"
        a = finding("assert/A@write", shrunk=True, program="a", diverges_at=step)
        self.assertFalse(self.same(a, finding("slots/B@write", shrunk=True, program="b", diverges_at=step)))

    def test_a_crash_and_an_oracles_finding_after_the_same_divergence_are_one_fault(self):
        oracle = finding("slots/B@write", shrunk=True, program="b", diverges_at="the begin of writer.write()")
        crash = finding("libfuzzer/deadly-signal/Stream<Write", from_oracle=False, shrunk=True, program="a", diverges_at=oracle.diverges_at)
        self.assertTrue(self.same(oracle, crash))
        crash.diverges_at = "the begin of writer.close()"
        self.assertFalse(self.same(oracle, crash))

    def test_crashes_in_one_function_after_two_divergences_are_two_faults(self):
        def crash(caller, diverges_at, shrunk=True):
            return finding(f"libfuzzer/deadly-signal/Stream<{caller}", from_oracle=False, shrunk=shrunk, program=caller, frames=["Stream a.cc:3"],
                           diverges_at=diverges_at)

        write = crash("Write", "the begin of writer.write()")
        self.assertTrue(self.same(write, crash("Abort", write.diverges_at)))
        self.assertFalse(self.same(write, crash("Close", "the begin of writer.close()")))
        self.assertFalse(self.same(write, crash("DesiredSize", "")), "a fault that does nothing before it crashes")
        self.assertTrue(self.same(write, crash("Close", "", shrunk=False)))
        self.assertTrue(self.same(crash("Write", ""), crash("Close", "")))

    def test_one_wrong_access_may_be_of_freed_or_poisoned_memory(self):
        def crash(identity, line=3):
            return finding(identity, from_oracle=False, program=identity, frames=[f"Advance src/core/a.cc:{line}"])

        freed = crash("asan/heap-use-after-free/Advance<Write")
        self.assertTrue(self.same(freed, crash("asan/use-after-poison/Advance<Run")))
        self.assertFalse(self.same(freed, crash("asan/use-after-poison/Advance<Run", line=4)))
        self.assertFalse(self.same(freed, crash("ubsan/shift/Advance<Run")))

    def test_crashes_in_the_host_are_where_it_was_called(self):
        def crash(caller):
            return finding(f"libfuzzer/deadly-signal/Stream<{caller}", from_oracle=False, program=caller,
                           frames=["Stream src/sim/sim_host.cc:3", f"{caller} src/core/class_steps.cc:7"])

        self.assertFalse(self.same(crash("Close"), crash("DesiredSize")))
        self.assertTrue(self.same(crash("Close"), finding("libfuzzer/deadly-signal/Stream<B", from_oracle=False, frames=crash("Close").frames)))

    def test_a_crash_in_v8_is_what_its_program_does_without_it(self):
        def crash(identity, *frames, **more):
            return finding(identity, from_oracle=False, program=identity, frames=list(frames), **more)

        core = crash("libfuzzer/deadly-signal/Writer<Finish", "Writer src/sim/sim_host.cc:2", "Finish src/core/a.cc:3")
        without = {"identity": "libfuzzer/deadly-signal/Writer<Finish<Other", "frames": core.frames}
        in_v8 = crash("asan/segv/Finish<Settled", "Finish src/core/a.cc:0", target="v8_binding_fuzzer", without_v8=without)
        self.assertTrue(self.same(core, in_v8))
        without["frames"] = ["Begin src/core/a.cc:1"]
        self.assertFalse(self.same(core, in_v8))
        without["identity"] = core.identity
        self.assertTrue(self.same(core, in_v8))
        oracle = finding("ownership/a slot", shrunk=True, program="a")
        self.assertFalse(self.same(oracle, in_v8))
        without["identity"] = oracle.identity
        self.assertTrue(self.same(oracle, in_v8))
        in_v8.without_v8 = {}
        self.assertFalse(self.same(core, in_v8))

    def test_a_finding_in_v8_joins_an_earlier_one_of_the_core(self):
        kept = finding("ownership/JavaScript keeps a close request@microtasks", target="v8_binding_fuzzer", shrunk=True, program="a",
                       without_v8={"identity": "invariant/I-CLOSE@microtasks", "frames": []})
        core = finding("invariant/I-CLOSE@microtasks", shrunk=True, program="b", diverges_at="the begin of F")
        self.assertTrue(self.same(kept, core))
        kept.diverges_at = "the begin of G"
        self.assertFalse(self.same(kept, core))
        kept.diverges_at, kept.without_v8 = "", {}
        self.assertFalse(self.same(kept, core))

    def test_findings_of_v8_alone_merge_when_one_program_shows_both(self):
        def in_v8(identity, *shows):
            return finding(identity, target="v8_binding_fuzzer", shrunk=True, program=identity, shows=list(shows))

        slot = in_v8("slots/storedError is set@microtasks", "model/settled-rejected-write@microtasks")
        settled = in_v8("model/settled-rejected-write@microtasks")
        self.assertTrue(self.same(slot, settled))
        settled.core_too = True
        self.assertFalse(self.same(slot, settled))
        settled.core_too, settled.without_v8 = False, {"identity": "slots/state@close", "frames": []}
        self.assertFalse(self.same(slot, settled), "the core breaks another rule by then")
        self.assertFalse(self.same(in_v8("slots/x@write", "slots/y@close"), in_v8("slots/y@close")), "in other steps")

    def test_two_things_that_javascript_keeps_wrongly_in_one_method_may_be_two_faults_and_so_is_a_charge(self):
        def in_v8(identity):
            return finding(identity, target="v8_binding_fuzzer", shrunk=True, program=identity)

        reason = in_v8("ownership/JavaScript keeps an abort reason when the core believes it@abort")
        self.assertFalse(self.same(reason, in_v8("ownership/JavaScript keeps the algorithms no longer than the core@abort")))
        self.assertTrue(self.same(reason, in_v8("model/result-abort@abort")))
        charge = in_v8("slots/charged bytes@write")
        self.assertFalse(self.same(in_v8("ownership/JavaScript's ready promise is as the core believes@write"), charge), "nobody's promise")
        self.assertFalse(self.same(in_v8("model/result-write@write"), charge))
        self.assertTrue(self.same(in_v8("slots/charge summed over the queue@write"), charge))

    def test_a_finding_without_divergence_joins_no_two_divergences(self):
        def known(identity, place):
            return finding(identity, shrunk=True, program=place, diverges_at=place, code=["F:1"])

        a, b = known("slots/x@write", "the begin of F"), known("slots/x@close", "the begin of G")
        between = finding("slots/x@construct", shrunk=True, program="c", diverges_at="construct", code=["F:1"])
        self.assertEqual(sorted(map(len, self.groups(a, b, between))), [1, 2])

    def test_two_divergences_are_two_faults_even_with_other_evidence(self):
        both = dict(shrunk=True, program="w0.close()", code=["F:1"], shows=["slots/x@abort", "slots/x@write", "model/y@write"])
        a = finding("slots/x@write", diverges_at="the begin of F", **both)
        for identity in ("slots/x@write", "slots/x@abort", "model/y@write"):
            other = finding(identity, diverges_at="the end of F", **both)
            self.assertEqual(len(self.groups(a, other)), 2, identity)
            other.diverges_at = ""
            self.assertEqual(len(self.groups(a, other)), 1, identity)

    def test_a_promise_that_javascript_mistakes_is_one_fault_looked_into_or_seen(self):
        kept = finding("ownership/JavaScript's ready promise is as the core believes")
        self.assertTrue(self.same(kept, finding("model/property-ready@readWriter")))
        self.assertFalse(self.same(kept, finding("model/property-closed@readWriter")))
        in_core = finding("model/property-ready@readWriter", shrunk=True, diverges_at="the begin of F")
        self.assertFalse(self.same(kept, in_core), "that is a fault of the core")
        self.assertFalse(self.same(kept, finding("model/property-ready@readWriter", target="another_fuzzer")))

    def test_a_crash_in_the_operation_in_which_another_diverges_is_that_fault(self):
        place = "WritableStreamAdvance, after the end of WritableStreamProcess"
        oracle = finding("assert/WritableStreamProcess@microtasks", shrunk=True, program="a", diverges_at=place)
        crash = finding("asan/heap-use-after-free/WritableStreamAdvance<RunReaction", from_oracle=False, shrunk=True, program="b",
                        frames=["WritableStreamAdvance src/core/a.cc:7"])
        self.assertTrue(self.same(oracle, crash))
        oracle.diverges_at = "the begin of WritableStreamAbort"
        self.assertFalse(self.same(oracle, crash))
        oracle.diverges_at, crash.diverges_at = place, "the begin of WritableStreamAbort"
        self.assertFalse(self.same(oracle, crash), "something was wrong before it crashed")
        crash.diverges_at = "microtasks"
        self.assertFalse(self.same(oracle, crash), "something was, but nobody knows exactly where")
        oracle.diverges_at, crash.diverges_at = "the begin of writer.close()", ""
        crash.frames = ["Stream src/sim/sim_host.cc:9", "Close src/core/class_steps.cc:7", "WriterClose fuzz/driver/core_subject.cc:7"]
        self.assertTrue(self.same(oracle, crash))
        oracle.diverges_at = "the begin of stream.close()"
        self.assertFalse(self.same(oracle, crash))
        oracle.diverges_at = "the begin of writer.abort()"
        self.assertFalse(self.same(oracle, crash))

    def test_the_same_expected_and_actual_operation_is_one_fault_after_any_step(self):
        instead = "the core begins G, the standard ends F"
        a = finding("assert/G@abort", shrunk=True, program="a", diverges_at="the begin of F", diverges_by=instead)
        b = finding("slots/x@error", shrunk=True, program="b", diverges_at="F, after the end of H", diverges_by=instead)
        self.assertTrue(self.same(a, b))
        b.diverges_by = "the core begins H, the standard ends F"
        self.assertFalse(self.same(a, b))
        b.diverges_by, b.diverges_at = instead, "the begin of E"
        self.assertFalse(self.same(a, b))

    def test_byte_findings_merge_when_many_neighbours_agree(self):
        config = dict(target="config_fuzzer", shrunk=True)
        oracle = finding("config/CFG-PLACE", **config)
        crash = finding("libfuzzer/deadly-signal/Found", from_oracle=False, neighbours={"config/CFG-PLACE": 4, "libfuzzer/deadly-signal/Found": 8}, **config)
        self.assertTrue(self.same(oracle, crash))
        self.assertFalse(self.same(finding("config/CFG-PLACE", target="request_fuzzer"), crash))
        crash.neighbours["libfuzzer/deadly-signal/Found"] = 13
        self.assertFalse(self.same(oracle, crash), "too few")
        crash.neighbours = {"config/CFG-PLACE": 1}
        self.assertFalse(self.same(oracle, crash), "one may be another fault")

    def test_findings_of_v8_alone_in_one_method_are_one_fault(self):
        v8 = dict(target="v8_binding_fuzzer", shrunk=True)
        a = finding("ownership/JavaScript keeps it@abort", program="a", **v8)
        self.assertTrue(self.same(a, finding("model/result-abort@abort", program="b", **v8)))
        self.assertFalse(self.same(a, finding("model/result-write@write", program="b", **v8)))
        self.assertFalse(self.same(a, finding("model/result-abort@abort", program="b", diverges_at="the begin of F", **v8)), "a fault of the core")
        late = finding("model/settled-rejected-close@microtasks", program="a", **v8)
        self.assertTrue(self.same(late, finding("model/settled-fulfilled-abort@microtasks", program="b", **v8)), "in the reaction to a sink's promise")
        for step in ("microtasks", "readWriter"):
            self.assertFalse(self.same(finding(f"slots/x@{step}", program="a", **v8), finding(f"slots/y@{step}", program="b", **v8)), step)

    def test_a_wrong_charge_is_the_same_fault_with_a_byte_limit(self):
        charged = finding("slots/charged bytes@write", shrunk=True, program="w0.write(a)")
        limited = finding("slots/state@write", shrunk=True, program="byteLimit 3\nw0.write(b)", shows_without_limit=[charged.identity])
        self.assertTrue(self.same(charged, limited))
        charged.identity = "slots/backpressure@write"
        limited.shows_without_limit = [charged.identity]
        self.assertFalse(self.same(charged, limited), "any write that is let in may show that")

    def test_a_finding_equal_to_two_merges_them(self):
        a = finding("slots/x@write", code=["f:1"])
        b = finding("slots/y@abort", shrunk=True, program="b", diverges_at="the begin of F")
        c = finding("slots/x@abort", shrunk=True, program="c", code=["f:1"], diverges_at="the begin of F", after_seconds=9.0)
        self.assertEqual(len(self.groups(a, b)), 2)
        self.assertEqual(len(self.groups(a, b, c)), 1)

    def test_sanitizer_reports_are_the_same_at_the_same_place(self):
        a = finding("asan/heap-use-after-free/f<g", frames=["f src/a.cc:1", "g src/a.cc:2"])
        self.assertTrue(self.same(a, finding("asan/heap-use-after-free/f<h", frames=["f src/a.cc:1", "h src/a.cc:9"])))
        self.assertFalse(self.same(a, finding("asan/heap-use-after-free/f<h", frames=["f src/a.cc:5", "g src/a.cc:2"])))
        self.assertFalse(self.same(a, finding("asan/double-free/f<g", frames=["f src/a.cc:1"])))

    def test_a_crash_after_a_failed_assert_joins_the_assert(self):
        crash = finding("asan/heap-use-after-free/f", shows=["assert/Write"])
        self.assertTrue(self.same(crash, finding("assert/Write@write")))
        self.assertFalse(self.same(crash, finding("assert/Close@write")))

    def test_a_finding_of_every_program_explains_no_other(self):
        """As in a campaign that had four faults, and told of three."""
        everywhere = finding("assert/SetUp@readStream", shrunk=True, program="# assert/SetUp@readStream\n", shows=["assert/SetUp@readStream"], code=["A:1"])
        bytes_sum = finding("invariant/I-BYTES-SUM@microtasks", shrunk=True, program='w0 = stream.getWriter()\nw0.write("a")\n',
                            shows=["invariant/I-BYTES-SUM@microtasks", "assert/SetUp@readStream"], code=["DequeueValue:1"])
        overflow = finding("asan/heap-buffer-overflow/MakeRoom<push_back", shrunk=True, program='w0.write("a")\nw0.write("a")\n',
                           shows=["assert/SetUp"], frames=["MakeRoom src/core/fifo.h:9"])
        self.assertEqual([len(members) for members in grouping.group([everywhere, bytes_sum, overflow])], [1, 1, 1])

    def test_a_crash_after_another_faults_rule_is_a_separate_finding(self):
        """As in a campaign with four faults, where the overflow of the queue was masked by that of the bytes."""
        bytes_sum = finding("invariant/I-BYTES-SUM@microtasks", shrunk=True, program='methods size\nw0.write("a")', shows=["invariant/I-BYTES-SUM@microtasks"])
        pressure = finding("slots/backpressure@write", shrunk=True, program='w0.write("a")', shows=["slots/backpressure@write", "invariant/I-BYTES-SUM@microtasks"])
        overflow = finding("asan/heap-buffer-overflow/MakeRoom<push_back<EnqueueCloseSentinel", shrunk=True, program="run\nw0.close()",
                           frames=["MakeRoom src/core/fifo.h:111"], shows=["invariant/I-BYTES-SUM", "slots/backpressure"])
        self.assertEqual([len(members) for members in grouping.group([bytes_sum, pressure, overflow])], [1, 1, 1])

    def test_a_fault_that_another_ones_programs_show_by_chance_is_its_own(self):
        """As in that campaign: each write breaks both, one in the write and the other in the microtasks."""
        pressure = finding("invariant/I-BACKPRESSURE@write", shrunk=True, program='w0.write("a")', code=["Write:1", "GetBackpressure:1"],
                           shows=["invariant/I-BACKPRESSURE@write", "invariant/I-BYTES-SUM@microtasks", "slots/charged bytes@microtasks"])
        bytes_sum = finding("invariant/I-BYTES-SUM@microtasks", shrunk=True, program='methods size\nw0.write("a")', code=["DequeueValue:1", "OnSinkWriteFulfilled:1"],
                            shows=["invariant/I-BYTES-SUM@microtasks", "slots/charged bytes@microtasks"])
        self.assertEqual([len(members) for members in grouping.group([pressure, bytes_sum])], [1, 1])

    def test_findings_that_never_reproduce_are_one(self):
        lost = [finding(f"asan/segv/f{i}", tries=10, reproduced=0) for i in range(3)]
        self.assertTrue(self.same(lost[0], lost[1]))
        self.assertFalse(self.same(lost[0], finding("asan/segv/f9", tries=10, reproduced=10)))
        self.assertFalse(self.same(lost[0], finding("asan/segv/f9", tries=10, reproduced=0, sequence=["before/001"])))

    def test_an_input_that_is_always_another_finding_joins_it(self):
        lost = finding("asan/segv/f", tries=10, others={"asan/heap-buffer-overflow/g": 10})
        self.assertTrue(self.same(lost, finding("asan/heap-buffer-overflow/g", tries=10, reproduced=10)))
        self.assertFalse(self.same(lost, finding("asan/heap-buffer-overflow/h", tries=10, reproduced=10)))
        lost.others = {"asan/heap-buffer-overflow/g": 9}
        self.assertFalse(self.same(lost, finding("asan/heap-buffer-overflow/g", tries=10, reproduced=10)))

    STATE = dict(shrunk=True, program="w0.close()", shows=["slots/state@microtasks", "slots/started@microtasks"], code=["F:1", "G:1", "H:1"])

    def explained(self, identity, program, shows, code=()):
        other = finding(identity, shrunk=True, program=program, shows=[identity, *shows], code=list(code))
        return [len(members) for members in grouping.group([finding("slots/state@microtasks", **self.STATE), other])] == [2]

    def test_a_program_that_holds_anothers_and_breaks_nothing_else_is_the_same_fault(self):
        self.assertTrue(self.explained("invariant/I-X@microtasks", "a\nw0.close()\nb", ["slots/started@microtasks"]))
        self.assertFalse(self.explained("invariant/I-X@microtasks", "a\nw0.close()\nb", ["slots/started@microtasks", "slots/other@microtasks"]))
        self.assertFalse(self.explained("invariant/I-X@microtasks", "a\nw0.close()\nb", []), "it breaks nothing that the other breaks")
        self.assertFalse(self.explained("invariant/I-X@microtasks", "a\nb", ["slots/started@microtasks"]))

    def test_another_trace_by_nearly_the_same_code_is_the_same_fault(self):
        self.assertTrue(self.explained("model/x@microtasks", "a\nw0.close()", [], ["F:1", "G:1", "I:1"]))
        self.assertFalse(self.explained("model/x@microtasks", "a\nw0.close()", [], ["F:1", "I:1", "J:1"]))
        self.assertFalse(self.explained("slots/x@microtasks", "a\nw0.close()", [], ["F:1", "G:1", "I:1"]))

    def test_an_explained_finding_joins_no_two_groups(self):
        other = finding("slots/b@write", shrunk=True, program="w0.abort(r0)", shows=["slots/b@write"], code=["F:1", "G:1", "H:1"])
        both = finding("model/x@microtasks", shrunk=True, program="w0.close()\nw0.abort(r0)", shows=["model/x@microtasks"], code=["F:1", "G:1", "H:1"])
        groups = grouping.group([finding("slots/state@microtasks", **self.STATE), other, both])
        self.assertEqual(sorted(len(members) for members in groups), [1, 2])

    def test_the_strongest_names_the_group_and_groups_keep_their_order(self):
        weak = finding("slots/a@write", after_seconds=1, code=["F:1"], shrunk=True, program="p")
        strong = finding("assert/a@write", after_seconds=9, shrunk=True, program="p")
        other = finding("slots/b@write", after_seconds=2, shrunk=True, program="q")
        groups = grouping.group([weak, other, strong])
        self.assertEqual([[f.identity for f in members] for members in groups], [["assert/a@write", "slots/a@write"], ["slots/b@write"]])

    def test_merging_keeps_every_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            found = []
            for identity in ("slots/a@write", "assert/a@write"):
                place = os.path.join(folder, findings.folder_name(identity))
                os.mkdir(place)
                Path(place, "input").write_text(identity)
                found.append(finding(identity, shrunk=True, program="p", folder=place))
            left = grouping.merge(found)
            self.assertEqual([(f.identity, f.also_seen_as) for f in left], [("assert/a@write", ["slots/a@write"])])
            self.assertEqual(Path(left[0].folder, "also/slots-a@write/input").read_text(), "slots/a@write")


class Recorded(Folder):
    def test_a_finding_is_what_it_was_when_it_is_read_again(self):
        found = finding("slots/x@write", folder=str(self.folder), shrunk=True, program="w0.close()\n", diverges_at="the begin of F", shows=["a"])
        self.file("program.ops", found.program)
        findings.write_data(found, {})
        self.assertEqual(findings.restore(str(self.folder)), found)
        self.file("finding.json", "[]")
        with self.assertRaises(ValueError):
            findings.restore(str(self.folder))

    def test_two_faults_with_one_identity_are_a_pair(self):
        at = lambda place, identity: finding(identity, shrunk=True, program=identity, diverges_at=place)
        found_of = {"a": [at("the begin of F", "slots/x@write"), at("the end of G", "slots/y@write")], "b": [at("the begin of F", "slots/z@abort")],
                    "c": [at("the begin of G", "slots/x@write")]}
        self.assertEqual(campaigns.shared(found_of), [("a", "b")])


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
    def test_the_divergence_is_stored_and_reported(self):
        found = finding("slots/writer@releaseLock", target="canary_fuzzer", canary=True, folder=str(self.folder), reproduced=10, tries=10)
        self.file("program.ops", CANARY_PROGRAM)
        work = triage.Triage(Children(), str(SLUICE), str(self.folder), dict(os.environ), str(ROOT), "libfuzzer-asan")
        asyncio.run(work._write_report(found))
        self.assertEqual(found.diverges_at, "releaseLock")
        self.assertIn("begins writer.releaseLock()", found.diverges_by)
        self.assertIn(f"diverges from the standard at {found.diverges_at}", findings.readme(found, work.build, str(ROOT), str(self.folder)))


class Places(unittest.TestCase):
    def test_an_operation_is_the_innermost_that_was_open(self):
        for place, operation in (("the begin of F", "F"), ("the return from F", "F"), ("F, after the end of G", "F"), ("F, after the begin of writer.close()", "F"),
                                 ("close, before the begin of writer.close()", ""), ("construct", ""), ("", ""), ("V8 alone", "")):
            self.assertEqual(grouping.operation_of(place), operation)


class MaskedBugs(Folder):
    """Of the triage, only what `sluice-fuzz divergences` says and what comes of an investigation, by a file's content."""

    class Triage:
        stopped = False

        def __init__(self, diverges_at=None):
            self.diverges_at = diverges_at
            self.asked = []

        async def divergences(self, judged, files, seconds):
            self.asked.append((judged, files))
            lines = []
            for file in files:
                text = Path(file).read_text()
                if text == "dies":
                    return "".join(lines) + "==1==ERROR: AddressSanitizer\n"
                identity, _, place = text.partition("|")
                lines.append(f"{file}\t{identity}\t{place}\n")
            return "".join(lines)

        async def investigate(self, made):
            made.shrunk = True
            made.diverges_at = self.diverges_at or made.place

    def suppressed(self, *programs, target="writable_stream_fuzzer"):
        for number, program in enumerate(programs):
            self.file(f"suppressed/{target}/{number:03}", program)

    def look(self, work, *found):
        self.known = [finding("slots/a@write", target="writable_stream_fuzzer", shrunk=True, program="a", diverges_at="the begin of WritableStreamAbort"), *found]
        made = []
        self.left_out = asyncio.run(masked_bugs.look_for(work, self.known, str(self.folder), 0.0, 2, made))
        return made

    def assert_told_apart(self, made):
        """All of `made`, which had one name with what was known."""
        self.assertEqual(len(grouping.group([*self.known, *made])), len(self.known) + len(made))

    def test_one_is_made_of_those_that_diverge_in_another_operation(self):
        self.suppressed("slots/a@write|WritableStreamAbort, after the end of SignalAbort", "slots/a@write|the begin of writer.close()", "|",
                         "slots/a@write|the begin of writer.close()", "slots/a@write|writer.close(), after the end of WritableStreamClose",
                         "slots/a@write|close, before the begin of writer.close()", "slots/unknown@write|the begin of writer.write()")
        made = self.look(self.Triage())
        self.assertEqual([(one.identity, one.place, one.from_oracle, one.rule) for one in made],
                         [("slots/a@write", "the begin of writer.close()", True, "the rule")])
        self.assertIn("writer.close()", Path(made[0].folder, "input").read_text())
        self.assert_told_apart(made)
        self.assertEqual(os.listdir(self.folder / "findings"), [os.path.basename(made[0].folder)])

    def test_none_is_made_of_what_turns_out_to_be_known(self):
        self.suppressed("slots/a@write|the begin of writer.close()")
        self.assertEqual(self.look(self.Triage(diverges_at="the begin of WritableStreamAbort")), [])
        self.assertEqual(os.listdir(self.folder / "findings"), [])

    def test_one_that_could_not_be_investigated_is_kept(self):
        self.suppressed("slots/a@write|the begin of writer.close()")
        for more in ({}, {"trouble": "no space left"}, {"trouble": "no space left", "shrunk": True, "diverges_at": "the begin of WritableStreamAbort"}):
            work = self.Triage()
            work.investigate = lambda made: asyncio.sleep(0, made.__dict__.update(more))
            self.assertEqual([one.trouble for one in self.look(work)], [more.get("trouble", "")], more)
            self.assertEqual(len(os.listdir(self.folder / "findings")), 1, more)

    def test_none_is_made_of_what_another_one_turned_out_to_be(self):
        self.suppressed("slots/a@write|the begin of writer.close()", "slots/a@write|the begin of writer.close()", "slots/a@write|the begin of writer.write()")
        made = self.look(self.Triage(diverges_at="the begin of writer.write()"))
        self.assertEqual([one.place for one in made], ["the begin of writer.close()"])

    def test_an_unshrunk_finding_has_its_own_divergence(self):
        self.suppressed("slots/u@write|the begin of writer.close()", "slots/u@write|the begin of writer.write()")
        made = self.look(self.Triage(), finding("slots/u@write", target="writable_stream_fuzzer", diverges_at="the begin of writer.close()"))
        self.assertEqual(len(made), 2)
        self.assertEqual(sorted(len(members) for members in grouping.group([*self.known, *made])), [1, 1, 2])

    def test_more_than_enough_are_counted(self):
        self.suppressed(*(f"slots/a@write|the begin of WritableStream{number}" for number in range(masked_bugs.MOST + 3)))
        self.assertEqual((len(self.look(self.Triage())), self.left_out), (masked_bugs.MOST, 3))

    def test_a_finding_that_masks_another_does_not_explain_it(self):
        self.suppressed("slots/a@write|V8 alone", target="v8_binding_fuzzer")
        work = self.Triage()
        work.investigate = lambda made: asyncio.sleep(0, [setattr(made, "shrunk", True), setattr(made, "program", "a\nb"),
                                                          setattr(made, "shows", ["slots/a@write", "slots/b@write"])])
        made = self.look(work)
        self.known[0].shows = ["slots/a@write", "slots/b@write"]
        self.assert_told_apart(made)

    def test_programs_after_one_that_ends_the_process_are_examined(self):
        self.suppressed("slots/a@write|the begin of WritableStreamAbort", "dies", "slots/a@write|the begin of writer.close()")
        self.assertEqual(len(self.look(self.Triage())), 1)

    def test_the_input_of_a_finding_may_have_been_shrunk_to_another_fault(self):
        folder = self.file("findings/x/input", "slots/b@write|the begin of writer.write()").parent
        slid = finding("slots/b@write", target="reentrancy_fuzzer", shrunk=True, diverges_at="the begin of WritableStreamAbort", folder=str(folder))
        self.assertEqual([one.place for one in self.look(self.Triage(), slid)], ["the begin of writer.write()"])

    def test_findings_of_v8_alone_are_distinguished_by_rule(self):
        self.suppressed("slots/a@write|V8 alone", "slots/a@write|the begin of WritableStreamAbort", target="v8_binding_fuzzer")
        triage = self.Triage()
        triage.investigate = lambda made: asyncio.sleep(0, setattr(made, "shrunk", True))
        made = self.look(triage)
        self.assertEqual([(one.target, one.place) for one in made], [("v8_binding_fuzzer", "V8 alone")])
        self.assert_told_apart(made)
        self.assertEqual(triage.asked[0][0], ["--v8"])
        self.assertEqual(self.look(triage, *made), [])


class SameFinding(Target):
    CRASH = 'grep -q X "$FILE" && die "SUMMARY: AddressSanitizer: crash-x"; grep -q Y "$FILE" && die "SUMMARY: AddressSanitizer: crash-y"'

    def ask(self, *contents, identity="asan/crash-x/t_fuzzer", last=False, body=CRASH):
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
        command = f"{sys.executable} -B {ROOT}/scripts/sluice_dev same-finding --root / --identity asan/crash-x/t_fuzzer {self.target(body)} --"
        run = subprocess.run([SLUICE, "shrink", "--finding", "asan/x", "--command", command, program], text=True, capture_output=True,
                             env=os.environ | {"SLUICE": str(SLUICE), "TMPDIR": str(self.folder)}, check=False)
        self.assertEqual((run.returncode, run.stdout), (0, "# asan/x\nw0.close()\n"), run.stderr)
        self.assertIn("nothing more can go", run.stderr)
        self.assertEqual(list(self.folder.glob("sluice-shrink-*")), [])


class Investigated(Target):
    def investigate(self, body, content, identity="asan/crash-x/t_fuzzer", before=(), stop_at=None, **more):
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
        self.assertEqual((where / "program.ops").read_text(), "# asan/crash-x/t_fuzzer\nw0.close()\n")
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
                'grep -q x "$FILE" && die "SLUICE-FINDING config/CFG-X"; true')
        (self.folder / "fuzzers").mkdir()
        (self.folder / "fuzzers/config_fuzzer").symlink_to("t_fuzzer")
        found, where = self.investigate(body, "...xy..", identity="asan/crash-x/config_fuzzer", target="config_fuzzer")
        self.assertTrue(found.shrunk)
        self.assertEqual((where / "shrunk").read_text(), "xy")
        # axy and xya; x, xa and xay; not y and ay
        self.assertEqual(found.neighbours, {"asan/crash-x/config_fuzzer": 2, "config/CFG-X": 3})

    def test_a_crash_in_v8_has_the_result_of_its_program_without_v8(self):
        (self.folder / "fuzzers").mkdir()
        for name in ("v8_binding_fuzzer", "writable_stream_fuzzer"):
            (self.folder / "fuzzers" / name).symlink_to("t_fuzzer")
        body = ('[[ $("$SLUICE" show "$FILE") == *close* ]] || exit 0; [[ $0 == *v8* ]] && die "SUMMARY: AddressSanitizer: segv"; '
                'die "    #0 0x1 in sluice::core::Finish(int) /x/src/core/a.cc:3:1" "SUMMARY: libFuzzer: deadly signal"')
        found, _ = self.investigate(body, "w0 = stream.getWriter()\nw0.close()\n", identity="asan/segv/v8_binding_fuzzer", target="v8_binding_fuzzer")
        self.assertTrue(found.shrunk)
        self.assertNotIn("makecontext", (Path(found.folder) / "report.txt").read_text())
        self.assertEqual(found.without_v8, {"identity": "libfuzzer/deadly-signal/Finish", "frames": ["Finish src/core/a.cc:3"]})
        shutil.rmtree(found.folder)
        (self.folder / "fuzzers/writable_stream_fuzzer").unlink()
        (self.folder / "fuzzers/writable_stream_fuzzer").symlink_to("/bin/true")
        found, _ = self.investigate(body, "w0 = stream.getWriter()\nw0.close()\n", identity="asan/segv/v8_binding_fuzzer", target="v8_binding_fuzzer")
        self.assertEqual(found.without_v8, {}, "it passes")

    def test_a_bytes_finding_is_shrunk_by_the_target(self):
        (self.folder / "fuzzers").mkdir()
        (self.folder / "fuzzers/config_fuzzer").symlink_to("t_fuzzer")
        found, where = self.investigate('grep -q xy "$FILE" && die "SLUICE-FINDING config/CFG-X"; true', "...xy..", identity="config/CFG-X",
                                        target="config_fuzzer")
        self.assertTrue(found.from_oracle and found.shrunk)
        self.assertEqual((where / "shrunk").read_text(), "xy")
        self.assertIn("A rule was broken; found by", (where / "README.md").read_text())

    def test_the_target_shrinks_v8_findings_that_the_judge_cannot(self):
        (self.folder / "fuzzers").mkdir()
        (self.folder / "fuzzers/v8_binding_fuzzer").symlink_to("t_fuzzer")
        body = '[[ $("$SLUICE" show "$FILE") == *close* ]] && die "SLUICE-FINDING slots/x@close"; true'
        found, where = self.investigate(body, CANARY_PROGRAM + "w0.close()\n", identity="slots/x@close", target="v8_binding_fuzzer")
        self.assertTrue(found.shrunk)
        self.assertEqual((where / "program.ops").read_text(), "# slots/x@close\nw0.close()\n")

    def test_identities_that_the_process_suppressed_are_suppressed_again(self):
        """As a leak in a program that breaks a rule, which is known: without passing that over, the program would end by it."""
        body = '[[ ",$SLUICE_IGNORE_FINDINGS," == *,slots/known,* ]] || die "SLUICE-FINDING slots/known"; ' + self.ALWAYS
        found, where = self.investigate(body, CANARY_PROGRAM + "w0.close()\n", suppressed=["slots/other", "slots/known"])
        self.assertEqual((found.reproduced, found.shrunk, found.suppressed), (10, True, ["slots/other", "slots/known"]))
        self.assertIn("SLUICE_IGNORE_FINDINGS=slots/other,slots/known ", (where / "README.md").read_text())
        found, where = self.investigate(self.ALWAYS, CANARY_PROGRAM + "w0.close()\n", suppressed=["slots/other"])
        self.assertEqual((found.reproduced, found.suppressed), (10, []))

    def test_a_program_beyond_javascript_has_the_reason(self):
        found, where = self.investigate(self.ALWAYS.replace("*close*", "*byteLimit*"), "byteLimit 64\nw0.close()\n")
        self.assertIn("byte limit", found.portable)
        self.assertFalse((where / "program.js").exists())
        self.assertIn("cannot be said in JavaScript: ", (where / "README.md").read_text())

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
        self.assertEqual((found.reproduced, found.others), (0, {"asan/crash-other/t_fuzzer": 10}))

    def test_interrupted_at_any_step_nothing_is_lost(self):
        for step in ("_reproduce", "_write_program", "_shrink", "_look_into", "_write_traces", "_write_report", "_write_javascript"):
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
