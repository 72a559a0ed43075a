"""--json of the scripts: one object on standard output, whatever happens.

    json_test.py [unittest's flags]
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from sluice_dev.__main__ import COMMANDS  # noqa: E402
from sluice_dev.common.result import WITH_THEIR_OWN  # noqa: E402

ENTRY = [sys.executable, "-B", str(ROOT / "scripts/sluice_dev")]


def run(*words: str | os.PathLike[str], output: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*ENTRY, *words], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, check=False)


class Json(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="sluice-json-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.corpus = self.folder / "corpus"
        (self.corpus / "url_fuzzer").mkdir(parents=True)
        (self.corpus / "url_fuzzer/one").write_bytes(b"1")

    def pack(self, *words: str, output: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
        return run("corpus", "pack", self.folder / "it.tar.gz", "--corpus", self.corpus, *words, output=output)

    def test_a_wrong_flag_is_an_object_of_every_script(self) -> None:
        scripts = [command for command in COMMANDS if (ROOT / "scripts" / command).is_file() and command not in WITH_THEIR_OWN]
        self.assertGreater(len(scripts), 10)
        for command in scripts:
            with self.subTest(command):
                ended = run(command, "--json", "--no-such-flag")
                data = json.loads(ended.stdout)
                self.assertEqual((ended.returncode, data["exit"], data["command"]), (2, 2, command))
                self.assertTrue(data["error"])
                self.assertIn(b"--no-such-flag", ended.stderr)

    def test_the_result_is_the_command_s(self) -> None:
        ended = self.pack("--json")
        data = json.loads(ended.stdout)
        self.assertEqual((ended.returncode, data["exit"], data["error"]), (0, 0, None))
        self.assertEqual((data["result"]["inputs"], data["result"]["left_out"]), (1, []))
        self.assertIn(b"Packed 1 inputs", ended.stderr)

    def test_a_name_that_is_no_utf_8_is_no_failure(self) -> None:
        os.mkfifo(os.fsencode(self.corpus) + b"/url_fuzzer/\xff")
        ended = self.pack("--json")
        data = json.loads(ended.stdout)
        self.assertEqual((ended.returncode, data["exit"]), (1, 1))
        self.assertEqual(os.fsencode(data["result"]["left_out"][0]["name"]), b"url_fuzzer/\xff")

    def test_an_object_that_cannot_be_written_is_exit_code_2(self) -> None:
        with open("/dev/full", "wb") as full:
            ended = self.pack("--json", output=full.fileno())
        self.assertEqual(ended.returncode, 2)
        self.assertIn(b"No space left on device", ended.stderr)

    def test_without_the_flag_nothing_changes(self) -> None:
        self.assertIn(b"Packed 1 inputs", self.pack().stdout)

    def test_what_children_print_is_not_in_it(self) -> None:
        script = ("import os, sys; from sluice_dev.common.result import Wanted; wanted = Wanted('fuzz', ['--json', 'a', '--', '--json'])\n"
                  "os.system('echo child'); print('mine', flush=True); sys.exit(wanted.write(0, '') or wanted.words != ['a', '--', '--json'])")
        ended = subprocess.run([sys.executable, "-B", "-c", script], env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")}, capture_output=True, check=True)
        self.assertEqual(json.loads(ended.stdout)["exit"], 0)
        self.assertEqual(ended.stderr.split(), [b"child", b"mine"])


if __name__ == "__main__":
    unittest.main()
