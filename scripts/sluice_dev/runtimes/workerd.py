"""workerd runs no file: it serves a configuration, and what it should do it is asked over HTTP, here on a Unix socket.

    with workerd.serve(runtime, {"main.mjs": "export default { fetch() { return new Response('hello') } }"}, 60) as worker:
        seconds, body = worker.get("/")

Modules whose names end in .mjs are ES modules, the first is the one that answers; others are imported as text. Raises Failed when
it crashes or answers anything but 200, Unfinished when its time is over.
"""

import http.client
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice_dev.common.processes import Failed, LimitedProcess
from sluice_dev.runtimes.table import Runtime

# Its newest behaviour: the date of the release itself.
CONFIG = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (compatibilityDate = "%s", modules = [%s]))],
  sockets = [(name = "http", address = "unix:%s", http = (), service = "main")],
);
"""


def release_date(version: str) -> str:
    """1.20261117.1 is the release of 2026-11-17."""
    day = version.split(".")[1]
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}"


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


class Worker:
    def __init__(self, process: LimitedProcess, address: Path, seconds: float = 10) -> None:
        """Its socket is a file that appears; nothing can be waited for that says so."""
        self.process = process
        deadline = time.monotonic() + seconds
        while True:
            self._connection = _Connection(address)
            try:
                self._connection.connect()
                return
            except (FileNotFoundError, ConnectionRefusedError):
                if process.ended() or time.monotonic() > deadline:
                    process.kill()
                    raise process.no_result() from None
                time.sleep(0.01)

    def get(self, path: str) -> tuple[float, str]:
        """The seconds that the answer took, and its body."""
        try:
            before = time.perf_counter()
            self._connection.request("GET", path)
            response = self._connection.getresponse()
            body = response.read().decode(errors="replace")
            seconds = time.perf_counter() - before
        except (OSError, http.client.HTTPException):
            self.process.kill()
            raise self.process.no_result() from None
        if response.status != 200:
            raise Failed((body.splitlines() or [f"status {response.status}"])[0][:200])
        return seconds, body

    def close(self) -> None:
        self._connection.close()


@contextmanager
def serve(runtime: Runtime, modules: dict[str, str], limit_seconds: float) -> Iterator[Worker]:
    with tempfile.TemporaryDirectory(prefix="sluice-workerd-") as name:
        folder = Path(name)
        for module, text in modules.items():
            (folder / module).write_text(text)
        kinds = [f'(name = "{module}", {"esModule" if module.endswith(".mjs") else "text"} = embed "{module}")' for module in modules]
        address = folder / "socket"
        (folder / "config.capnp").write_text(CONFIG % (release_date(runtime.version_wanted), ", ".join(kinds), address))
        with LimitedProcess([runtime.binary, "serve", folder / "config.capnp"], limit_seconds, quiet=True) as process:
            worker = Worker(process, address)
            try:
                yield worker
            finally:
                worker.close()
