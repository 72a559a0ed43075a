"""Browsers: a page that runs the programs and posts a line for each, opened by WebDriver where there is a driver, else by the browser itself.

    process = browsers.BrowserProcess("chromium", script, folder)
    for line in process.lines(): ...
    process.close()

The page comes from a server of this process, on the loopback interface. Everything a browser does to its page shows as silence or as the
end of its process.
"""

import http.client
import http.server
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sluice_dev.common.errors import CannotRun

START_SECONDS = 60
POST = """
await runAll(examples, source, (line) => {
  posted = posted.then(() => fetch("/line", { method: "POST", body: line }));
});
await posted;
"""
_PAGE = b'<!doctype html><meta charset="utf-8"><title>Sluice</title><script type="module" src="/script.mjs"></script>'


def script_end() -> str:
    """What runs the examples: one request at a time, so that lines arrive in order."""
    return "let posted = Promise.resolve();\n" + POST.lstrip()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script.encode()
        self.received: queue.Queue[str] = queue.Queue()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that was ended leaves requests behind."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
        pass

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # With these a page has SharedArrayBuffer.
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        if self.path == "/script.mjs":
            self._send(self.server.script, "text/javascript")
        else:
            self._send(_PAGE, "text/html")

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        self.server.received.put(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace"))
        self._send(b"", "text/plain")


# The driver of each browser, how it is started, and what a session needs. One without a driver opens the page by itself.
_DRIVERS: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "chromium": ("chromedriver", ["--port={port}"], {"goog:chromeOptions": {"args": [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir={folder}/profile"]}}),
    "firefox": ("geckodriver", ["--port", "{port}"], {"moz:firefoxOptions": {"args": ["-headless"]}}),
    "webkit": ("WebKitWebDriver", ["--port={port}"], {}),  # it has no headless mode: it gets a display of its own
}
_DIRECT = {
    "firefox": ["firefox-esr", "--headless", "--no-remote", "--profile", "{folder}/profile", "{url}"],
    "chromium": ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--user-data-dir={folder}/profile", "{url}"],
}


class BrowserProcess:
    """What host._Process is to a program on the command line."""

    def __init__(self, name: str, script: str, folder: Path) -> None:
        self.why = ""
        self._last = ""
        self._server = _Server(script)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._folder = folder
        (folder / "profile").mkdir(exist_ok=True)
        self._log = (folder / "browser.log").open("w+")
        url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        driver = _DRIVERS[name]
        if shutil.which(driver[0]):
            display = ["xvfb-run", "--auto-servernum"] if name == "webkit" and "DISPLAY" not in os.environ and shutil.which("xvfb-run") else []
            self._process = self._start([*display, driver[0], *driver[1]], port=_free_port(), url=url)
            try:
                self._open(driver[2], url)
            except (OSError, ValueError) as error:  # of HTTP, or no JSON
                self.close()
                raise CannotRun(f"{driver[0]} opens no page ({error}): {self._last}") from error
        elif name in _DIRECT:
            self._process = self._start(_DIRECT[name], port=0, url=url)
        else:
            self._server.shutdown()
            raise CannotRun(f"{driver[0]} is not installed")

    def _start(self, command: list[str], port: int, url: str) -> subprocess.Popen[bytes]:
        self._port = port
        filled = [part.format(port=port, folder=self._folder, url=url) for part in command]
        return subprocess.Popen(filled, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True,
                                env=os.environ | {"HOME": str(self._folder), "MOZ_HEADLESS": "1"})

    def _open(self, wanted: dict[str, Any], url: str) -> None:
        """A session of WebDriver, and the page in it."""
        wanted = json.loads(json.dumps(wanted).replace("{folder}", str(self._folder)))
        deadline = time.monotonic() + START_SECONDS
        while True:  # nothing else shows that it is ready
            try:
                ready = self._request("GET", "/status")["value"].get("ready", True)
            except OSError:
                ready = False
            if ready:
                break
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise CannotRun(f"the driver did not start: {self._last_words()}")
            time.sleep(0.05)
        response = self._request("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        if "sessionId" not in response["value"]:
            self.close()
            raise CannotRun(f"the driver opens no session: {response['value'].get('message', response)[:300]}")
        self._request("POST", f"/session/{response['value']['sessionId']}/url", {"url": url})

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=START_SECONDS)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
            response: dict[str, Any] = json.loads(connection.getresponse().read())
            return response
        finally:
            connection.close()

    def lines(self, silence_seconds: float = 20) -> Iterator[str]:
        limit = silence_seconds + START_SECONDS  # until it has opened the page
        while True:
            try:
                yield self._server.received.get(timeout=limit)
                limit = silence_seconds
            except queue.Empty:
                self.why = "lost the connection: its process ended" if self._process.poll() is not None else \
                    f"hung: nothing for {silence_seconds:g} s"
                return

    def _last_words(self) -> str:
        if self._log.closed:
            return self._last
        self._log.seek(0)
        words = [line.strip() for line in self._log.read().splitlines() if line.strip()]
        return words[-1][:300] if words else "it printed nothing"

    def death(self) -> str:
        return f"{self.why}: {self._last_words()}"

    def kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        self.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()
        if not self._log.closed:
            self._last = self._last_words()
            self._log.close()


def _free_port() -> int:
    import socket  # pylint: disable=import-outside-toplevel
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

