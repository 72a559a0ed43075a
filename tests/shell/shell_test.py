"""sluice run and sluice repl, the real binary: what is printed where, exit codes, malformed input, a terminal.

    shell_test.py SLUICE [unittest's arguments]
"""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from terminal import Terminal

SLUICE = Path(sys.argv.pop(1)).resolve()


class Shell(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def sluice(self, *arguments, stdin="", **keywords):
        return subprocess.run([SLUICE, *map(str, arguments)], input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=False, cwd=self.folder, text=True,
                              errors="replace", **keywords)

    def script(self, text, *flags, **keywords):
        """Runs `text` from standard input."""
        return self.sluice("run", *flags, "-", stdin=text, **keywords)

    def assert_result(self, result, code, stdout=None, stderr=()):
        self.assertEqual(result.returncode, code, f"{result.stdout}{result.stderr}")
        if stdout is not None:
            self.assertEqual(result.stdout, stdout)
        for word in stderr:
            self.assertIn(word, result.stderr)
        if not stderr:
            self.assertEqual(result.stderr, "")


class Commands(Shell):
    def test_an_unknown_command_is_named(self):
        self.assert_result(self.sluice("nonsense"), 2, "", ("unknown command nonsense", "sluice --help"))


class Scripts(Shell):
    def test_files_share_one_global_and_run_in_order(self):
        one = self.file("one.js", "let shared = 1; setTimeout(() => console.log('timer', shared))")
        two = self.file("two.js", "console.log('two', shared); shared = 2")
        self.assert_result(self.sluice("run", one, two), 0, "two 1\ntimer 2\n")

    def test_arguments_are_what_stands_after_two_dashes(self):
        script = self.file("a.js", "sluice.print(JSON.stringify(sluice.args))")
        self.assert_result(self.sluice("run", script, "--", "x", "--module", "--"), 0, '["x","--module","--"]\n')
        self.assert_result(self.sluice("run", script), 0, "[]\n")

    def test_output_goes_where_the_console_says(self):
        result = self.script("console.log('l'); console.info('i'); console.debug('d'); console.warn('w');"
                             "console.error('e'); console.trace('t')")
        self.assert_result(result, 0, "l\ni\nd\n", ["w\ne\nTrace: t\n    at <stdin>:1"])

    def test_microtasks_come_before_timers_and_timers_by_due_time(self):
        result = self.script("""
          setTimeout(() => console.log('later'), 30);
          setTimeout(() => { console.log('t1'); Promise.resolve().then(() => console.log('after t1')); });
          setTimeout(() => console.log('t2'));
          queueMicrotask(() => console.log('micro'));
          console.log('sync');""")
        self.assert_result(result, 0, "sync\nmicro\nt1\nafter t1\nt2\nlater\n")

    def test_an_interval_runs_until_it_is_cleared(self):
        result = self.script("let n = 0; const id = setInterval(x => { console.log(x, n); if (++n == 3) clearInterval(id) }, 1, 'i')")
        self.assert_result(result, 0, "i 0\ni 1\ni 2\n")

    def test_strings_are_no_timer_handlers(self):
        self.assert_result(self.script("setTimeout('1')"), 1, "", ["TypeError: setTimeout: the handler must be a function"])

    def test_an_uncaught_error_shows_its_line_and_ends_with_1(self):
        script = self.file("bad.js", "const a = 1;\n\tthrow new RangeError('no');\nconsole.log('never')")
        self.assert_result(self.sluice("run", "bad.js"), 1, "",
                           ["bad.js:2\n\tthrow new RangeError('no');\n\t^\n", "Uncaught RangeError: no\n    at bad.js:2:8"])
        self.assertTrue(script.exists())

    def test_an_uncaught_error_stops_the_files_after_it(self):
        bad, good = self.file("bad.js", "throw 1"), self.file("good.js", "console.log('never')")
        self.assert_result(self.sluice("run", bad, good), 1, "", ["Uncaught 1"])

    def test_an_error_in_a_timer_or_microtask_ends_with_1(self):
        for call in ("setTimeout", "queueMicrotask"):
            result = self.script(f"{call}(() => {{ throw new Error('inside') }}); setTimeout(() => console.log('never'), 20)")
            self.assert_result(result, 1, "", ["Uncaught Error: inside"])

    def test_reportError_prints_and_ends_with_1_after_the_task(self):
        result = self.script("reportError(new Error('reported')); console.log('goes on'); setTimeout(() => console.log('never'))")
        self.assert_result(result, 1, "goes on\n", ["Uncaught Error: reported"])

    def test_an_error_of_an_event_listener_ends_with_1(self):
        result = self.script("""const target = new EventTarget();
          target.addEventListener('x', () => { throw new Error('listener') });
          target.dispatchEvent(new Event('x')); console.log('dispatched')""")
        self.assert_result(result, 1, "dispatched\n", ["Uncaught Error: listener"])

    def test_exit_stops_at_once_with_its_code(self):
        result = self.script("try { console.log(1); sluice.exit(7); console.log(2) } finally { console.log(3) }")
        self.assert_result(result, 7, "1\n")
        self.assert_result(self.script("setTimeout(() => { sluice.exit(3) }); setTimeout(() => console.log('never'))"), 3, "")
        self.assert_result(self.script("Promise.resolve().then(() => sluice.exit()).then(() => console.log('never'))"), 0, "")
        self.assert_result(self.script("sluice.exit(256)"), 1, "", ["RangeError: sluice.exit"])

    def test_a_signal_that_times_out_does_not_keep_the_process(self):
        self.assert_result(self.script("AbortSignal.timeout(1e6); console.log('over')"), 0, "over\n")
        result = self.script("const s = AbortSignal.timeout(1); s.onabort = () => { console.log(s.reason.name); clearInterval(id) };"
                             "const id = setInterval(() => {}, 1)")
        self.assert_result(result, 0, "TimeoutError\n")

    def test_streams_flow(self):
        result = self.script("""
          const sink = { write(chunk) { console.log(chunk); return new Promise(done => setTimeout(done, 1)) },
                         close() { console.log('closed') } };
          const writer = new WritableStream(sink).getWriter();
          for (const chunk of 'abc') writer.write(chunk);
          writer.close()""")
        self.assert_result(result, 0, "a\nb\nc\nclosed\n")

    def test_the_buffer_limit_is_a_flag(self):
        text = """const writer = new WritableStream({ write() { return new Promise(() => {}) } }).getWriter();
                  writer.write(new Uint8Array(SIZE)).catch(e => console.log(e.name)); 0"""
        for flag, size, stdout in (("1", 1 << 20, ""), ("1", (1 << 20) + 1, "RangeError\n"), ("0.5", 1 << 19, ""),
                                   ("0.5", (1 << 19) + 1, "RangeError\n")):
            result = self.script(text.replace("SIZE", str(size)), "--max-buffer-size-mb", flag)
            self.assert_result(result, 0, stdout)
        self.assert_result(self.script(text.replace("SIZE", str((64 << 20) + 1))), 0, "RangeError\n")

    def test_the_tick_model_is_a_flag(self):
        text = """const order = [];
                  const writer = new WritableStream({ write: () => Promise.resolve() }).getWriter();
                  writer.ready.then(async () => {
                    writer.write('a').then(() => order.push('written'));
                    for (let i = 0; i < 8; ++i) { await null; order.push(i) }
                    console.log(order.indexOf('written')) });"""
        ticks = {model: int(self.script(text, "--tick-model", model).stdout)
                 for model in ("webidl", "promise-resolve", "promise-resolve-start")}
        self.assertGreater(ticks["webidl"], ticks["promise-resolve"])
        self.assertEqual(ticks["promise-resolve"], ticks["promise-resolve-start"])

    def test_gc_is_there_when_it_is_asked_for(self):
        self.assert_result(self.script("console.log(typeof gc)"), 0, "undefined\n")
        result = self.script("for (let i = 0; i < 100; ++i) new WritableStream(); gc();"
                             "setTimeout(() => { gc(); console.log(sluice.memoryUsage().liveStreams) })", "--expose-gc")
        self.assert_result(result, 0, "0\n")

    def test_v8_takes_flags(self):
        self.assert_result(self.script("console.log(typeof WebAssembly, %HasFastProperties({}))",
                                       "--v8-flags=--no-expose-wasm --allow-natives-syntax"), 0, "undefined true\n")

    def test_the_stack_can_be_larger(self):
        text = "let n = 0; try { (function f() { ++n; f() })() } catch (e) { console.log(n) }"
        small, large = (int(self.script(text, "--stack-size", size).stdout) for size in (200, 2000))
        self.assertGreater(large, 5 * small)

    def test_imports_at_the_prompt_are_relative_to_the_working_folder_and_evaluated_once(self):
        self.file("a.mjs", 'export const url = import.meta.url; export { n } from "./b.mjs";')
        self.file("b.mjs", "export const n = globalThis.count = (globalThis.count ?? 0) + 1;")
        result = self.sluice("repl", stdin='(await import("./a.mjs")).url\n(await import("./a.mjs")).n\n'
                             f'(await import("{self.folder}/b.mjs")).n\n')
        self.assert_result(result, 0, f"'file://{self.folder}/a.mjs'\n1\n1\n")

    def test_only_regular_files_are_run_and_read(self):
        os.mkfifo(self.folder / "pipe")
        self.file("a.js", "console.log('another file')")
        result = self.sluice("run", "pipe")
        self.assert_result(result, 2, "", ["sluice: pipe: is not a regular file"])
        result = self.script("""for (const name of ['pipe', '/dev/zero', '/dev/stdin', '-', 'a.js\\0.txt', '.']) {
          try { sluice.readTextFile(name); console.log(name) } catch (e) { console.log(e.message) } }""")
        self.assert_result(result, 0, "pipe: is not a regular file\n/dev/zero: is not a regular file\n"
                           "/dev/stdin: is not a regular file\n-: No such file or directory\n"
                           "a.js\\0.txt: a file's name cannot contain NUL\n.: is a folder, not a file\n")

    def test_files_can_be_read(self):
        self.file("data.txt", "\ufefféa\n")
        self.assert_result(self.script("console.log(sluice.readTextFile('data.txt').length)"), 0, "3\n")
        result = self.script("try { sluice.readTextFile('nope') } catch (e) { console.log(e.message) }")
        self.assert_result(result, 0, "nope: No such file or directory\n")

    def test_everything_pending_is_let_go_at_the_end(self):
        # Timers, promises, modules, streams, signals: AddressSanitizer's builds see what leaks.
        result = self.script("""setInterval(() => {}, 1000); setTimeout(() => {}, 1e6, {}); new Promise(() => {});
          const writer = new WritableStream({ write() { return new Promise(() => {}) } }).getWriter();
          writer.write(new Uint8Array(1000)); AbortSignal.timeout(1e6).onabort = () => {}; import('./never.mjs');
          new TextDecoder().decode(new Uint8Array([0xE2]), { stream: true });
          new FinalizationRegistry(() => setTimeout(() => {})).register({}, 1);
          setTimeout(() => sluice.exit(5), 5)""", "--unhandled-rejections=none")
        self.assert_result(result, 5, "")


class Rejections(Shell):
    UNHANDLED = "Promise.reject(new Error('nobody')); setTimeout(() => console.log('later'))"

    def test_throw_prints_and_ends_with_1(self):
        for flags in ([], ["--unhandled-rejections=throw"]):
            self.assert_result(self.script(self.UNHANDLED, *flags), 1, "",
                               ["<stdin>:1\nPromise.reject(new Error('nobody'))", "Unhandled promise rejection: Error: nobody\n    at <stdin>:1:16"])

    def test_warn_prints_and_goes_on(self):
        self.assert_result(self.script(self.UNHANDLED, "--unhandled-rejections=warn"), 0, "later\n",
                           ["Warning: unhandled promise rejection: Error: nobody"])

    def test_none_says_nothing(self):
        self.assert_result(self.script(self.UNHANDLED, "--unhandled-rejections=none"), 0, "later\n")

    def test_one_that_is_handled_in_the_same_task_is_not_reported(self):
        result = self.script("const p = Promise.reject(1); Promise.resolve().then(() => p.catch(() => console.log('handled')))")
        self.assert_result(result, 0, "handled\n")

    def test_one_that_is_handled_in_a_later_task_is_reported(self):
        self.assert_result(self.script("const p = Promise.reject(1); setTimeout(() => p.catch(() => {}))"), 1, "",
                           ["Unhandled promise rejection: 1"])

    def test_those_that_the_standard_marks_as_handled_are_not_reported(self):
        result = self.script("""const writer = new WritableStream({ start(c) { c.error(new Error('e')) } }).getWriter();
                                writer.releaseLock(); console.log('fine')""")
        self.assert_result(result, 0, "fine\n")


class Malformed(Shell):
    def test_files_that_cannot_be_read_end_with_2(self):
        for path, words in (("missing.js", ["missing.js", "No such file"]), (self.folder, [str(self.folder), "is a folder"])):
            self.assert_result(self.sluice("run", path), 2, "", words)
            self.assert_result(self.sluice("run", "--module", path), 2, "", words)

    def test_what_ran_before_a_missing_file_stays_done(self):
        good = self.file("good.js", "console.log('ran'); setTimeout(() => console.log('never'), 5)")
        self.assert_result(self.sluice("run", good, "missing.js"), 2, "ran\n", ["missing.js"])

    def test_syntax_errors_end_with_2_and_say_where(self):
        for name in ("bad.js", "bad.mjs"):
            self.file(name, "let fine = 1;\nlet a = ;\n")
            self.assert_result(self.sluice("run", name), 2, "",
                               [f"{name}:2:9: SyntaxError: Unexpected token ';'", "let a = ;\n        ^\n"])

    def test_wrong_flags_end_with_2(self):
        script = self.file("a.js", "console.log('ran')")
        for flags, word in ((["--max-buffer-size-mb", "x"], "not a number"), (["--max-buffer-size-mb", "-1"], "less than one byte"),
                            (["--max-buffer-size-mb", "0"], "less than one byte"), (["--max-buffer-size-mb", "nan"], "not a number"),
                            (["--max-buffer-size-mb", "1e300"], "more than"), (["--max-buffer-size-mb", ""], ""),
                            (["--tick-model", "x"], "promise-resolve"), (["--unhandled-rejections", "x"], "throw"),
                            (["--stack-size", "1"], "less than"), (["--stack-size", "999999999999"], "more than"),
                            (["--stack-size", "x"], "whole number"),
                            (["--v8-flags=--nonsense"], "--nonsense"), (["--nonsense"], "--nonsense")):
            self.assert_result(self.sluice("run", *flags, script), 2, "", [word, "--" if word else ""])
        self.assert_result(self.sluice("run"), 2, "", ["files"])

    def test_bytes_that_are_no_text_are_no_crash(self):
        for content in (b"\0\1\2", b"\xff\xfe\xfd", b"'\xf0\x9f'", b"#!/usr/bin/sluice\n1", b""):
            self.assertIn(self.sluice("run", self.file("x.js", content)).returncode, (0, 1, 2))

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full here")
    def test_output_that_cannot_be_written_ends_with_2(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([SLUICE, "run", "-"], input="while (true) console.log(1)", stdout=full,
                                    stderr=subprocess.PIPE, check=False, text=True, timeout=120)
        self.assertEqual(result.returncode, 2)
        self.assertIn("standard output cannot be written: No space left", result.stderr)

    def test_closed_and_full_streams_are_no_crash(self):
        script = self.file("a.js", "console.log(1); setTimeout(() => console.error(2), 1)")
        module = self.file("b.mjs", "console.log(1)")
        wrong = self.file("c.js", "console.log(1); throw new Error('x')")
        # The command, its code, and the code when its output is lost.
        table = ((["run", script], 0, 2), (["run", module], 0, 2), (["run", wrong], 1, 2), (["run", self.folder / "none.js"], 2, 2),
                 (["repl"], 0, 2), (["serve", "--check", self.file("a.json", '{"apps": [{"entry": "b.mjs"}]}')], 0, 2),
                 (["nonsense"], 2, 2), (["--help"], 0, 2))
        for words, code, lost in table:
            for streams, is_lost in (("", False), ("2>&-", False), ("2>/dev/full", False), (">&-", True), (">&- 2>&-", True),
                                     (">/dev/full", True), (">/dev/full 2>&1", True)):
                ended = subprocess.run(["bash", "-c", f'"$@" {streams}', "bash", SLUICE, *words], input=b"1 + 1", capture_output=True, check=False)
                with self.subTest(words=words, streams=streams):
                    self.assertEqual(ended.returncode, lost if is_lost else code, ended.stderr)
        # Without standard input there is nothing to read, and what is opened next does not become it.
        ended = subprocess.run(["bash", "-c", '"$@" <&-', "bash", SLUICE, "run", script], capture_output=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, b"1\n", b"2\n"))
        for words in (["run", "-"], ["repl"]):
            ended = subprocess.run(["bash", "-c", '"$@" <&-', "bash", SLUICE, *words], capture_output=True, check=False)
            self.assertIn(ended.returncode, (0, 2), ended.stderr)

    def test_a_reader_that_goes_away_ends_the_script(self):
        for keywords in ({"restore_signals": True}, {"preexec_fn": lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
                                                      "restore_signals": False}):
            script = self.file("forever.js", "while (true) console.log('x'.repeat(1000))")
            process = subprocess.Popen([SLUICE, "run", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **keywords)
            process.stdout.readline()
            process.stdout.close()
            self.assertIn(process.wait(timeout=60), (-signal.SIGPIPE, 2))

    def test_ctrl_c_ends_it(self):
        script = self.file("forever.js", "console.log('started'); while (true);")
        process = subprocess.Popen([SLUICE, "run", script], stdout=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        # A shell calls that 130.
        self.assertEqual(process.wait(timeout=60), -signal.SIGINT)
        process.stdout.close()


class Modules(Shell):
    def test_imports_are_static_and_dynamic(self):
        self.file("b.mjs", "export const b = 'B'; export default import.meta.url")
        main = self.file("a.mjs", """
          import url, { b } from './b.mjs';
          import * as again from './sub/../b.mjs';
          console.log(b, url === new String(import.meta.url).replace('a.mjs', 'b.mjs'), again.b, this);
          const dynamic = await import('./b.mjs');
          console.log(dynamic === again);""")
        self.assert_result(self.sluice("run", main), 0, "B true B undefined\ntrue\n")

    def test_names_of_files_are_encoded_in_urls(self):
        self.file("dir/a b%#é.mjs", "export default import.meta.url")
        main = self.file("main.mjs", "import u from './dir/a%20b%25%23é.mjs'; console.log(u)")
        self.assert_result(self.sluice("run", main), 0, f"file://{self.folder}/dir/a%20b%25%23%C3%A9.mjs\n")

    def test_cycles_work(self):
        self.file("b.mjs", "import { a } from './a.mjs'; export const b = () => a")
        main = self.file("a.mjs", "import { b } from './b.mjs'; export const a = 5; console.log(b())")
        self.assert_result(self.sluice("run", main), 0, "5\n")

    def test_top_level_await_is_waited_for_before_the_next_file(self):
        one = self.file("one.mjs", "await new Promise(done => setTimeout(done, 5)); globalThis.done = true")
        self.assert_result(self.sluice("run", one, self.file("two.js", "console.log(done)")), 0, "true\n")

    def test_an_await_that_never_ends_is_an_error(self):
        self.assert_result(self.sluice("run", self.file("a.mjs", "await new Promise(() => {})")), 1, "",
                           ["a.mjs", "top-level await still waits"])

    def test_an_error_is_reported_once(self):
        self.file("b.mjs", "throw new Error('in b')")
        result = self.sluice("run", self.file("a.mjs", "import './b.mjs'; console.log('never')"))
        self.assert_result(result, 1, "", [f"file://{self.folder}/b.mjs:1\nthrow", "Uncaught Error: in b"])
        self.assertEqual(result.stderr.count("Error: in b"), 1)

    def test_imports_that_fail_name_the_file_and_the_position(self):
        here = f"file://{self.folder}/a.mjs"
        self.file("syntax.mjs", "\nlet = ;")
        for text, words in (("\nimport './missing.mjs'", [f"{here}:2:8: cannot import", "missing.mjs: No such file"]),
                            ("import 'fs'", [f"{here}:1:8: cannot import 'fs', which is neither a relative path"]),
                            ("import 'https://x.org/y.mjs'", [f"{here}:1:8: cannot import 'https://x.org/y.mjs'"]),
                            ("import './syntax.mjs'", [f"file://{self.folder}/syntax.mjs:2:", "SyntaxError"]),
                            ("import { q } from './empty.mjs'", [f"{here}:1:10: SyntaxError", "'q'"])):
            self.file("empty.mjs", "")
            self.assert_result(self.sluice("run", self.file("a.mjs", text)), 2, "", words)

    def test_dynamic_imports_that_fail_reject(self):
        self.file("syntax.mjs", "let = ;")
        self.file("throws.mjs", "throw new RangeError('thrown')")
        script = self.file("main.js", """
          (async () => {
            for (const name of ['./missing.mjs', 'bare', './syntax.mjs', './throws.mjs', './throws.mjs']) {
              try { await import(name); console.log('no') } catch (e) { console.log(e.name) }
            }
          })()""")
        self.assert_result(self.sluice("run", script), 0, "TypeError\nTypeError\nSyntaxError\nRangeError\nRangeError\n")

    def test_a_dynamic_import_never_runs_inside_of_the_call(self):
        self.file("b.mjs", "console.log('b')")
        self.assert_result(self.sluice("run", self.file("a.js", "import('./b.mjs'); console.log('a')")), 0, "a\nb\n")

    def test_the_module_flag_makes_modules_of_all_files(self):
        self.assert_result(self.script("console.log(this, import.meta.url)", "--module"), 0,
                           f"undefined file://{self.folder}/%3Cstdin%3E\n")


class Repl(Shell):
    def repl(self, text, *flags):
        return self.sluice("repl", *flags, stdin=text)

    def test_values_are_printed(self):
        self.assert_result(self.repl("1 + 1\n'a'\n({ a: 1 })\n{ b: 2 }\nundefined\n"), 0, "2\n'a'\n{ a: 1 }\n{ b: 2 }\nundefined\n")

    def test_the_last_line_needs_no_end(self):
        self.assert_result(self.repl("6 * 7"), 0, "42\n")

    def test_values_that_JSON_cannot_say_are_themselves(self):
        self.assert_result(self.repl("-0\nNaN\n-Infinity\n10n\nSymbol('s')\n'\\ud83d\\ude00'.length\n"), 0,
                           "-0\nNaN\n-Infinity\n10n\nSymbol(s)\n2\n")

    def test_promises_show_their_state(self):
        result = self.repl("new Promise(() => {})\nPromise.resolve(1)\nlet r = Promise.reject(2); r.catch(() => {}); r\n")
        self.assert_result(result, 0, "Promise { <pending> }\nPromise { 1 }\nPromise { <rejected> 2 }\n")

    def test_declarations_may_be_repeated(self):
        self.assert_result(self.repl("let a = 1\nlet a = 2\nconst b = 3\nconst b = 4\nclass C {}\nclass C { m() {} }\na + b\n"),
                           0, "undefined\n" * 6 + "6\n")

    def test_await_works_at_the_top_level_and_the_next_line_waits(self):
        self.assert_result(self.repl("const x = await new Promise(done => setTimeout(() => done(5), 20))\nx\n"), 0, "undefined\n5\n")

    def test_an_await_that_never_ends_does_not_hang(self):
        self.assert_result(self.repl("await new Promise(() => {})\n1\n"), 0, "Nothing is left to do, and this still waits.\n1\n")

    def test_incomplete_statements_go_on(self):
        self.assert_result(self.repl("function f() {\n  return `a\nb`\n}\nf()\n[1,\n2]\nfoo = x => x\nfoo(1\n)\n/* a\n*/ 3\nawait (\n4)\n"), 0,
                           "undefined\n'a\\nb'\n[ 1, 2 ]\n[Function: foo]\n1\n3\n4\n")

    def test_errors_are_printed_and_the_session_goes_on(self):
        result = self.repl("throw new Error('one')\nlet = ;\nnope\nawait Promise.reject(new Error('two'))\n5\n")
        self.assert_result(result, 0, "5\n", ["Uncaught Error: one\n    at ", "Uncaught SyntaxError: Unexpected token ';'",
                                              "Uncaught ReferenceError: nope is not defined", "Uncaught Error: two"])

    def test_a_statement_that_never_ends_says_what_it_lacks(self):
        self.assert_result(self.repl("if (1) {\n"), 0, "", ["SyntaxError: Unexpected end of input"])

    def test_underscore_is_the_last_value(self):
        self.assert_result(self.repl("20\n_ + 1\n_ + 1\nundefined\n_\n_ = 'mine'\n7\n_\n"), 0,
                           "20\n21\n22\nundefined\n22\n'mine'\n7\n'mine'\n")

    def test_timers_of_a_pipe_run_to_their_end(self):
        self.assert_result(self.repl("setTimeout(() => console.log('timer'), 5); 0"), 0, "0\ntimer\n")

    def test_long_strings_are_cut(self):
        result = self.repl("'x'.repeat(20000)\n")
        self.assert_result(result, 0, "'" + "x" * 10000 + "'... 10000 more characters\n")

    def test_commands(self):
        self.file("load.js", "let loaded = 1;\nloaded + 1")
        result = self.repl(".load load.js\nloaded\n.save out.js\n.load nope.js\n.load\n.nope\n.5\n.help\n.exit\n99\n")
        self.assertEqual(result.returncode, 0)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[:7], ["2", "1", "Saved out.js", ".load: nope.js: No such file or directory", ".load: name a file",
                                     ".nope is no command; .help lists them", "0.5"])
        self.assertNotIn("99", lines)
        self.assertEqual((self.folder / "out.js").read_text(), "let loaded = 1;\nloaded + 1\nloaded\n")
        self.assertIn(".save: /nope/x: ", self.repl(".save /nope/x\n").stdout)

    def test_imports_are_relative_to_the_folder(self):
        self.file("m.mjs", "export default 8")
        self.assert_result(self.repl("(await import('./m.mjs')).default\n"), 0, "8\n")

    def test_exit_has_a_code(self):
        self.assert_result(self.repl("sluice.exit(4)\n1\n"), 4, "")

    def test_streams_and_flags_are_those_of_run(self):
        result = self.repl("const w = new WritableStream().getWriter()\nawait w.write('a'.repeat(3 * 2 ** 19)).catch(e => e.name)\n",
                           "--max-buffer-size-mb=1")
        self.assert_result(result, 0, "undefined\n'RangeError'\n")

    def test_errors_in_timers_are_printed_and_the_session_goes_on(self):
        result = self.repl("setTimeout(() => { throw new Error('late') }); await new Promise(done => setTimeout(done, 20))\n2\n")
        self.assert_result(result, 0, "undefined\n2\n", ["Uncaught Error: late"])


class AtATerminal(Shell):
    def start(self, *flags):
        environment = dict(os.environ, TERM="xterm", XDG_STATE_HOME=str(self.folder / "state"), LC_ALL="C.UTF-8")
        terminal = Terminal([SLUICE, "repl", *flags], environment)
        self.addCleanup(terminal.close)
        terminal.expect("> ")
        return terminal

    def enter(self, terminal, line, prompt="> "):
        """Types a line, and returns what is printed before the next prompt."""
        terminal.type(line + "\n")
        printed = terminal.expect("\n" + prompt)
        return printed.partition("\n")[2]

    def test_a_line_is_edited_and_run(self):
        terminal = self.start()
        self.assertEqual(self.enter(terminal, "1+2"), "3")
        self.assertEqual(self.enter(terminal, "12\x7f\x7f3+4"), "7")
        self.assertEqual(self.enter(terminal, "'h\u00e9\u20ac\U0001f600'.length"), "5")

    def test_ctrl_d_leaves(self):
        terminal = self.start()
        terminal.type("\x04")
        self.assertEqual(terminal.wait(), 0)

    def test_statements_of_several_lines_have_a_prompt_of_their_own(self):
        terminal = self.start()
        self.enter(terminal, "function f() {", "... ")
        self.enter(terminal, "return 6", "... ")
        self.assertEqual(self.enter(terminal, "}"), "undefined")
        self.assertEqual(self.enter(terminal, "f()"), "6")

    def test_names_are_completed(self):
        terminal = self.start()
        self.enter(terminal, "let answer = { deep: { value: 42 }, get boom() { throw 1 } }")
        self.assertEqual(self.enter(terminal, "answ\t.de\t.val\t"), "42")
        terminal.type("answer.boom.\t")
        self.assertEqual(self.enter(terminal, "\x15'still here'"), "'still here'")
        terminal.type("console.t\t\t")
        listed = terminal.expect("timeEnd")
        self.assertIn("table", listed)
        self.assertIn("time", listed)

    def test_history_is_kept_between_sessions(self):
        terminal = self.start()
        self.assertEqual(self.enter(terminal, "100+1"), "101")
        terminal.type("\x1b[A")
        self.assertEqual(self.enter(terminal, "0"), "110")
        terminal.type("\x04")
        self.assertEqual(terminal.wait(), 0)
        history = self.folder / "state/sluice/repl_history"
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)
        terminal = self.start()
        terminal.type("\x1b[A\x1b[A")
        self.assertEqual(self.enter(terminal, ""), "101")

    def test_history_can_be_turned_off(self):
        terminal = self.start("--no-history")
        self.enter(terminal, "1")
        terminal.type("\x04")
        self.assertEqual(terminal.wait(), 0)
        self.assertFalse((self.folder / "state").exists())

    def test_ctrl_c_gives_up_the_line(self):
        terminal = self.start()
        terminal.type("rubbish(")
        terminal.expect("rubbish(")
        terminal.type("\x03")
        terminal.expect("> ")
        self.assertEqual(self.enter(terminal, "8"), "8")

    def test_ctrl_c_ends_a_script_that_runs(self):
        terminal = self.start()
        terminal.type("console.log('loop' + 'ing'); while (true);\n")
        terminal.expect("looping")
        terminal.type("\x03")
        terminal.expect("Interrupted")
        terminal.expect("> ")
        self.assertEqual(self.enter(terminal, "9"), "9")

    def test_ctrl_c_ends_an_await(self):
        terminal = self.start()
        terminal.type("setTimeout(() => console.log('wait' + 'ing')); await new Promise(() => {})\n")
        terminal.expect("waiting")
        terminal.type("\x03")
        # The timer's task may not have ended yet: then it is what Ctrl-C interrupts, and another is for the await.
        if terminal.expect_any(["no longer waited for", "Interrupted"]) == "Interrupted":
            terminal.expect("Interrupted")
            terminal.type("\x03")
        terminal.expect("no longer waited for")
        terminal.expect("> ")
        self.assertEqual(self.enter(terminal, "10"), "10")

    def test_timers_go_on_while_the_prompt_waits(self):
        terminal = self.start()
        self.enter(terminal, "setTimeout(() => console.log('from the ' + 'timer'), 200); 0")
        terminal.type("5 + ")
        terminal.expect("from the timer")
        terminal.expect("5 + ")  # what was typed is on the screen again
        self.assertEqual(self.enter(terminal, "6"), "11")

    def test_exit_leaves_the_terminal_as_it_was(self):
        terminal = self.start()
        terminal.type("sluice.exit(3)\n")
        self.assertEqual(terminal.wait(), 3)


class PublicInterface(Shell):
    def test_a_stream_has_options_of_its_own(self):
        result = self.script("""
            const sink = { write() { return new Promise(() => {}); } };
            for (const byteLimit of [2, 2n, Infinity, undefined]) {
              const writer = sluice.createWritableStream(sink, {}, { byteLimit }).getWriter();
              writer.write("abc").catch((error) => console.log(byteLimit, error.name));
            }
            for (const options of [{ byteLimit: -1 }, { byteLimit: 2n ** 64n }, { byteLimit: 1.5 }, { tickModel: "fast" }]) {
              try { sluice.createWritableStream(sink, {}, options); } catch (error) { console.log(error.message); }
            }""")
        byte_limit = "sluice.createWritableStream: byteLimit is a whole number of bytes, or Infinity\n"
        self.assert_result(result, 0, 3 * byte_limit +
                           "sluice.createWritableStream: tickModel is one of webidl promise-resolve promise-resolve-start\n"
                           "2 RangeError\n2n RangeError\n")

    def test_the_tick_model_is_the_streams(self):
        result = self.script("""
            async function ticksOfAWrite(tickModel) {
              const sink = { write() { return Promise.resolve(); } };
              const writer = sluice.createWritableStream(sink, {}, { tickModel }).getWriter();
              await new Promise((resolve) => setTimeout(resolve));
              let done = false;
              writer.write("a").then(() => { done = true; });
              let ticks = 0;
              for (; !done && ticks < 20; ++ticks) await undefined;
              console.log(tickModel, ticks);
            }
            ticksOfAWrite("webidl").then(() => ticksOfAWrite("promise-resolve"));""")
        lines = dict(line.split() for line in result.stdout.splitlines())
        self.assertEqual(int(lines["webidl"]) - int(lines["promise-resolve"]), 2, result.stdout)

    def test_rejections_are_handed_over(self):
        result = self.script("""
            sluice.onUnhandledRejection((promise, reason) => {
              console.log(promise instanceof Promise, reason);
              Promise.resolve("later").then(console.log);
            });
            Promise.reject(1);
            Promise.reject(2).catch(() => {});
            setTimeout(() => { sluice.onUnhandledRejection(() => { throw new Error("of the handler"); }); Promise.reject(3); });""")
        self.assert_result(result, 1, "true 1\nlater\n", ["Uncaught Error: of the handler"])

    def test_commands_of_the_testbed_say_where_they_went(self):
        renamed = {"agree": "conformance", "places": "repro", "reach": "state-coverage"}
        for command in ("batch", "dictionary", "emit", "language", "random", "repro", "show", "shrink", "trace", *renamed):
            now = renamed.get(command, command)
            self.assert_result(self.sluice(command, "a.ops"), 2, "", [f"`sluice {command}` is now `sluice-fuzz {now}`"])
        self.assert_result(self.sluice("run", "trace"), 2, "", ["trace"])


if __name__ == "__main__":
    unittest.main()
