"""Processes of apps, and readers of the log, as the system sees them.

    processes_test.py SLUICE [unittest's arguments]
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from server_process import ROBUSTNESS, TIMEOUT, Background, Server, children

SLUICE = sys.argv.pop(1)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition) -> bool:
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


class Processes(unittest.TestCase):
    def serve(self, *flags, names=("one", "two"), **limits):
        apps = [{"name": name, "entry": str(ROBUSTNESS), "path_prefix": f"/{name}", **limits} for name in names]
        server = Server(SLUICE, {"server": {"threads": 2}, "apps": apps}, "--status", "/status", *flags)
        self.addCleanup(server.kill)
        return server

    def test_no_process_of_an_app_outlives_the_server(self):
        for path in ("hello", "loop"):
            server = self.serve()
            if path == "loop":
                sock = server.socket()
                self.addCleanup(sock.close)
                sock.sendall(b"GET /one/loop HTTP/1.1\r\nHost: x\r\n\r\n")
                server.wait_for(lambda status: status["one"]["inFlight"] == 1)
            processes = children(server.process.pid)
            self.assertEqual(len(processes), 2)
            server.signal(signal.SIGKILL)
            server.wait()
            self.assertTrue(wait_until(lambda left=processes: not any(map(is_running, left))), processes)

    def test_killing_three_apps_under_fifty_clients_harms_no_fourth(self):
        names = ("one", "two", "three", "four")
        server = self.serve(names=names, time_limit_ms=60_000)
        descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        answers, ended = {name: [] for name in names}, threading.Event()

        def ask(name, path):
            while not ended.is_set():
                status, _, body = server.request("POST", f"/{name}/echo", b"x" * 5000) if path == "echo" else server.get(f"/{name}/{path}")
                size = 5000 if "x" * 5000 in body and path == "echo" else len(body)
                answers[name].append((status, size if status == 200 else 0))

        paths = {"hello": 5, "slow?ms=30": 4, "big?kb=100": 102_400, "echo": 5000}
        clients = [Background(ask, names[i % 4], list(paths)[i // 4 % 4]) for i in range(50)]
        self.assertTrue(wait_until(lambda: all(len(of) > 3 for of in answers.values())))
        for _ in range(3):
            killed = {name: server.status()[name] for name in names[:3]}
            for state in killed.values():
                os.kill(state["process"], signal.SIGKILL)
            server.wait_for(lambda status, before=killed: all(status[name]["restarts"] > state["restarts"] for name, state in before.items()))
            so_far = {name: len(of) for name, of in answers.items()}
            self.assertTrue(wait_until(lambda before=so_far: all((200, 5) in answers[name][before[name]:] for name in names)))
        ended.set()
        for client in clients:
            client.result()
        for name, of in answers.items():
            self.assertLessEqual(set(of), {(200, size) for size in paths.values()} | ({(503, 0)} if name != "four" else set()))
        status = server.status()
        self.assertEqual([(status[name]["restarts"] >= 3, status[name]["inFlight"]) for name in names], [(True, 0)] * 3 + [(False, 0)])
        # The server may not have closed its end of the last connections yet.
        self.assertTrue(wait_until(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) == descriptors))
        self.assertEqual(len(children(server.process.pid)), 4)
        self.assertEqual(server.stop(), 0)

    def test_each_app_has_a_process_of_its_own_with_limits_of_its_own(self):
        server = self.serve(memory_limit_mb=64)
        status = server.status()
        self.assertNotEqual(status["one"]["process"], status["two"]["process"])
        limits = Path(f"/proc/{status['one']['process']}/limits").read_text()
        self.assertRegex(limits, r"Max open files +64 ")
        self.assertRegex(limits, r"Max core file size +0 ")
        self.assertNotEqual(os.getpgid(status["one"]["process"]), os.getpgid(server.process.pid))

    def test_signals_that_end_the_server_do_not_end_its_apps(self):
        server = self.serve()
        process = server.status()["one"]["process"]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(process, number)
        self.assertEqual(server.get("/one/hello")[2], "hello")
        self.assertEqual(server.status()["one"]["process"], process)

    def test_request_that_the_process_was_not_given_is_answered_by_the_next_one(self):
        server = self.serve()
        for _ in range(5):
            os.kill(server.status()["one"]["process"], signal.SIGKILL)
            self.assertIn(server.get("/one/hello")[0], (200, 503))
            self.assertEqual(server.get("/one/hello")[0], 200)


class Restarts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.entry = Path(folder.name) / "app.mjs"

    def serve(self, text):
        self.entry.write_text(text)
        server = Server(SLUICE, {"apps": [{"name": "one", "entry": str(self.entry), "path_prefix": "/one"},
                                          {"name": "two", "entry": str(ROBUSTNESS), "path_prefix": "/two"}]}, "--status", "/status")
        self.addCleanup(server.kill)
        return server

    def test_pauses_grow_while_no_process_answers(self):
        server = self.serve("setTimeout(() => sluice.exit(), 1); export function fetch() { return new Response('x') }")
        begun = time.monotonic()
        log = server.await_logged("after 1600 ms")
        self.assertGreater(time.monotonic() - begun, 1.4)  # 100 + 200 + 400 + 800 ms
        pauses = [line.rsplit("after ", 1)[1] for line in log.splitlines()]
        self.assertEqual(pauses[:5], ["100 ms", "200 ms", "400 ms", "800 ms", "1600 ms"])
        status, headers, _ = server.get("/one/")
        self.assertEqual((status, headers["retry-after"]), (503, "2"))
        self.assertEqual(server.get("/two/hello")[2], "hello")

    def test_app_that_answers_is_followed_at_once(self):
        server = self.serve("export function fetch({ url }) { if (url.endsWith('exit')) sluice.exit(); return new Response('x') }")
        for _ in range(5):
            self.assertEqual(server.get("/one/hello")[0], 200)
            self.assertEqual(server.get("/one/exit")[0], 503)
        self.assertNotIn(" ms", server.await_logged("afresh"))

    def test_module_that_does_not_load_any_more_is_tried_again(self):
        server = self.serve("export function fetch({ url }) { if (url.endsWith('exit')) sluice.exit(); return new Response('old') }")
        self.entry.write_text("throw new Error('broken')")
        self.assertEqual(server.get("/one/exit")[0], 503)
        self.assertIn("could not be loaded", server.await_logged("could not be loaded"))
        self.entry.write_text("export function fetch() { return new Response('new') }")
        self.assertTrue(wait_until(lambda: server.get("/one/")[2] == "new"))


class Log(unittest.TestCase):
    def test_reader_that_stands_still_stops_nothing_and_learns_what_is_missing(self):
        config = {"server": {"port": 0}, "apps": [{"name": "one", "entry": str(ROBUSTNESS)}]}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(config, file)
            file.flush()
            with subprocess.Popen([SLUICE, "serve", file.name, "--log"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True) as process:
                try:
                    address = process.stdout.readline().strip().rsplit("/", 1)[1]
                    for _ in range(3):
                        self.assertEqual(self.ask(address, "print?kb=2000"), "printed")
                        self.assertEqual(self.ask(address, "hello"), "hello")
                    line = ""
                    while "lines are missing here" not in line:
                        line = process.stdout.readline()
                        self.assertNotEqual(line, "")
                    self.assertRegex(line, r"^sluice: [1-9]\d* lines are missing here: the reader of the log did not keep up$")
                    # Again, and then the end: it waits for nobody.
                    self.assertEqual(self.ask(address, "print?kb=2000"), "printed")
                    process.send_signal(signal.SIGTERM)
                    self.assertEqual(process.wait(TIMEOUT), 0)
                finally:
                    process.kill()

    @staticmethod
    def ask(address, path):
        return subprocess.run(["python3", "-c", "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())",
                               f"http://{address}/{path}"], capture_output=True, text=True, check=True, timeout=TIMEOUT).stdout.strip()


if __name__ == "__main__":
    unittest.main()
