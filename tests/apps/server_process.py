"""`sluice serve` as a child process, and clients of it.

    with Server(sluice, {"apps": [{"entry": "/a.mjs"}]}) as server:
        status, headers, body = server.get("/")

A server ends with its test, whatever becomes of that.
"""

import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

APPS = Path(__file__).resolve().parent
ROBUSTNESS = APPS / "robustness" / "app.mjs"
WRITABLE = APPS / "writable-test" / "app.mjs"
TIMEOUT = 120  # seconds: nothing takes that long, but a sanitizer on a busy machine
LOGGED = 10  # seconds
LISTENING = "Listening on http://"
PR_SET_PDEATHSIG = 1


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def children(process: int) -> list[int]:
    """Processes that it started and that it has not reaped."""
    try:
        return [int(child) for task in Path(f"/proc/{process}/task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return []


class Server:
    def __init__(self, sluice, configuration, *flags):
        """`configuration` is a path, or an object that becomes a file; the port is then 0, unless it says another."""
        self._file = None
        if not isinstance(configuration, (str, Path)):
            configuration.setdefault("server", {}).setdefault("port", 0)
            self._file = tempfile.NamedTemporaryFile("w", suffix=".json")
            json.dump(configuration, self._file)
            self._file.flush()
            configuration = self._file.name
        self._errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sluice, "serve", str(configuration), *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self._errors, text=True, preexec_fn=_die_with_parent)
        self.lines = []
        self._address = None
        self._listening = threading.Event()  # or it has ended
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._listening.wait(TIMEOUT) or self._address is None:
            self.process.wait(TIMEOUT)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            if self._address is None and line.startswith(LISTENING):
                host, port = line[len(LISTENING):].strip().rsplit(":", 1)
                self._address = (host, int(port))
                self._listening.set()
        self._listening.set()

    @property
    def address(self):
        if self._address is None:
            raise AssertionError(f"the server does not listen: {self.lines} {self.errors()}")
        return self._address

    def errors(self):
        """All of its standard error so far."""
        if not self._errors.closed:
            # Never moves the place in the file: the server writes at the same one.
            file = self._errors.fileno()
            self._said = os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")
        return self._said

    def await_logged(self, words):
        """All of its standard error, once `words` are in it; the server does not wait for its log."""
        end = time.monotonic() + LOGGED
        while words not in self.errors() and time.monotonic() < end:
            time.sleep(0.01)
        return self.errors()

    def await_line(self, words):
        """The last line of its standard output with `words`; empty if none comes."""
        end = time.monotonic() + LOGGED
        while time.monotonic() < end:
            for line in reversed(self.lines[-200:]):
                if words in line:
                    return line
            time.sleep(0.01)
        return ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        self.process.stdout.close()
        self.errors()
        self._errors.close()
        if self._file is not None:
            self._file.close()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        code = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        return code

    def stop(self):
        """The exit code after SIGTERM."""
        self.signal(signal.SIGTERM)
        return self.wait()

    # ---- Clients

    def connection(self):
        return http.client.HTTPConnection(*self.address, timeout=TIMEOUT)

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body) over a connection of its own."""
        connection = self.connection()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def json(self, path, **headers):
        return json.loads(self.get(path, **headers)[2])

    def status(self, collect=False):
        """{name: state} of the apps; needs --status /status."""
        return {app["name"]: app for app in self.json("/status?gc" if collect else "/status")["apps"]}

    def socket(self):
        return socket.create_connection(self.address, timeout=TIMEOUT)

    def raw(self, data, half_close=False):
        """All that the server sends back on a connection on which `data` is sent, until it closes."""
        with self.socket() as client:
            client.sendall(data)
            if half_close:
                client.shutdown(socket.SHUT_WR)
            received = b""
            while more := client.recv(65536):
                received += more
        return received

    def wait_for(self, condition):
        """Until condition(status()) holds."""
        for _ in range(100_000):
            if condition(self.status()):
                return
        raise AssertionError(f"it never came true: {self.status()}")


class Background(threading.Thread):
    """A call under way: `with Background(server.get, "/slow") as call: ...; call.result()`."""

    def __init__(self, function, *arguments):
        super().__init__(daemon=True)
        self._call = (function, arguments)
        self._result = None
        self._error = None
        self.start()

    def run(self):
        function, arguments = self._call
        try:
            self._result = function(*arguments)
        except BaseException as error:  # pylint: disable=broad-except
            self._error = error

    def result(self):
        self.join(TIMEOUT)
        if self.is_alive():
            raise AssertionError("the call hangs")
        if self._error is not None:
            raise self._error
        return self._result
