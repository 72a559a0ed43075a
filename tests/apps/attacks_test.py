"""Every attack of attacks.py on one server, one after the other: what its client gets, what others get meanwhile, and that all goes on.

    attacks_test.py SLUICE [--slack SECONDS] [unittest's arguments]

--slack: what is added to each bound of time, and 50 MB to each of memory for each second: a sanitizer is slow and large.
"""

import json
import os
import sys
import tempfile
import threading
import time
import unittest
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from attacks import ATTACKS, BODY_MB, CONNECTIONS, IN_FLIGHT_MB, LIMIT_MS, MEMORY_MB, PATIENT_MS, Attack
from clients import CLIENTS
from server_process import Server, children

SLUICE = sys.argv.pop(1)
SLACK = 0.0
if "--slack" in sys.argv:
    SLACK = float(sys.argv.pop(sys.argv.index("--slack") + 1))
    sys.argv.remove("--slack")
PAGE = os.sysconf("SC_PAGESIZE")

MODULE = """
const kept = [];
const AsyncFunction = (async () => {}).constructor;
const ways = { hello: async () => new Response('hello'), never: () => new Promise(() => {}), loop: () => { for (;;); },
               big: async () => new Response('x'.repeat(1e6)), exit: () => sluice.exit() };
const attacks = {
%s
};
export default {
  fetch(request) {
    const url = new URL(request.url);
    const name = decodeURIComponent(url.pathname.split('/')[2]);
    return (attacks[name] ?? ways[name])(request, url, kept);
  },
};
"""


@dataclass(frozen=True)
class Seen:
    """What came of an attack."""

    status: int
    body: str
    seconds: float
    again: float | None  # seconds until the app answered; None: it did not
    others: tuple[int, ...]  # statuses that app two gave
    others_seconds: float  # the longest
    log: str
    same_server: bool
    server_mb: float
    app_mb: float


def problems(attack: Attack, seen: Seen, slack: float) -> list[str]:
    found = []
    if seen.status not in attack.gets:
        found.append(f"the client got {seen.status}, not one of {attack.gets}")
    if attack.body not in seen.body:
        found.append(f"the response does not have {attack.body!r}: {seen.body[:200]!r}")
    if seen.seconds > attack.seconds + slack:
        found.append(f"the answer took {seen.seconds:.2f} s, more than {attack.seconds}")
    if seen.again is None or seen.again > attack.again + slack:
        found.append(f"the app answered again after {seen.again} s, not within {attack.again}")
    if 200 not in seen.others or not set(seen.others) <= set(attack.others_get):
        found.append(f"others got {sorted(set(seen.others))}")
    if seen.others_seconds > attack.others + slack:
        found.append(f"others waited {seen.others_seconds:.2f} s, more than {attack.others}")
    if attack.log not in seen.log:
        found.append(f"the log does not have {attack.log!r}: {seen.log[-500:]!r}")
    if not seen.same_server:
        found.append("the server is not the same process any more")
    for what, size, most in (("server", seen.server_mb, attack.server_mb), ("app", seen.app_mb, attack.app_mb)):
        most += 50 * slack + (2 * attack.app_mb if slack and what == "app" else 0)
        if size > most:
            found.append(f"the {what}'s process had {size:.0f} MB, more than {most}")
    return found


def own_memory(process: int) -> float:
    """MB that no other process shares; 0 if it has gone."""
    try:
        _, resident, shared, *_ = map(int, Path(f"/proc/{process}/statm").read_text().split())
        return (resident - shared) * PAGE / 2**20
    except (OSError, ValueError):
        return 0


class Watch(threading.Thread):
    """Asks app two and looks at memory, until stop()."""

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self._server = server
        self._stopped = threading.Event()
        self._peaks: dict[int, float] = {}
        self._before = own_memory(server.process.pid)
        self.statuses: list[int] = []
        self.longest = 0.0
        self.start()

    def run(self) -> None:
        sampler = threading.Thread(target=self._sample, daemon=True)
        sampler.start()
        while True:  # once at least
            begun = time.monotonic()
            self.statuses.append(self._ask())
            self.longest = max(self.longest, time.monotonic() - begun)
            if self._stopped.wait(0.02):
                break
        sampler.join()

    def _ask(self) -> int:
        try:
            return self._server.get("/two/hello")[0]
        except OSError:
            return 0

    def _sample(self) -> None:
        server = self._server.process.pid
        while not self._stopped.wait(0.01):
            for process in [server, *children(server)]:
                self._peaks[process] = max(self._peaks.get(process, 0), own_memory(process))

    def stop(self) -> tuple[float, float]:
        """The most that the server's process grew by, and the most that any app's had, in MB."""
        self._stopped.set()
        self.join()
        server = self._peaks.pop(self._server.process.pid, 0)
        return max(server - self._before, 0), max(self._peaks.values(), default=0)


class Attacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = Path(cls.folder.name) / "app"
        root.mkdir()
        (root / "own.mjs").write_text("export const own = 'own';")
        (root / "never.mjs").write_text("await new Promise(() => {});")
        (root / "cycle-a.mjs").write_text("import './cycle-b.mjs'; await 0; throw new Error('a');")
        (root / "cycle-b.mjs").write_text("import './cycle-a.mjs'; export default 1;")
        (root.parent / "secret.mjs").write_text("export default 'secret';")
        (root / "many.mjs").write_text("".join(f"import './own.mjs?{i}';\n" for i in range(100_000)))
        (root / "link.mjs").symlink_to("../secret.mjs")
        os.mkfifo(root / "pipe.mjs")
        code = [f"{json.dumps(attack.name)}: async (request, url, kept) => {{ {attack.code} }}," for attack in ATTACKS if attack.code]
        (root / "main.mjs").write_text(MODULE % "\n".join(code))
        limits = {"memory_limit_mb": MEMORY_MB, "time_limit_ms": LIMIT_MS, "max_buffer_size_mb": 1, "max_total_buffer_size_mb": 3,
                  "max_body_mb": BODY_MB, "max_in_flight_mb": IN_FLIGHT_MB}
        apps = [{"name": "one", "entry": str(root / "main.mjs"), "path_prefix": "/one", **limits},
                {"name": "three", "entry": str(root / "main.mjs"), "path_prefix": "/three", **limits, "time_limit_ms": PATIENT_MS},
                {"name": "two", "entry": str(root / "main.mjs"), "path_prefix": "/two"}]
        server = {"threads": 2, "max_connections": CONNECTIONS, "max_in_flight_mb": 64}
        cls.server = Server(SLUICE, {"server": server, "apps": apps}, "--status", "/status", "--log")

    @classmethod
    def tearDownClass(cls):
        try:
            code = cls.server.stop()
            assert code == 0, (code, cls.server.errors()[-2000:])
        finally:
            cls.server.kill()
            cls.folder.cleanup()

    def attack(self, attack: Attack) -> tuple[int, str]:
        if attack.code:
            status, _, body = self.server.request("POST", f"/{attack.app}/{quote(attack.name)}", b"x" * 1000)
            return status, body
        return CLIENTS[attack.name](self.server), ""

    def until_it_answers(self, app: str, limit: float) -> float | None:
        begun = time.monotonic()
        while time.monotonic() - begun < limit + 10:
            if self.server.get(f"/{app}/hello")[0] == 200:
                return time.monotonic() - begun
            time.sleep(0.02)
        return None

    def run_attack(self, attack: Attack) -> Seen:
        logged = len(self.server.errors())
        watch = Watch(self.server)
        begun = time.monotonic()
        status, body = self.attack(attack)
        seconds = time.monotonic() - begun
        again = self.until_it_answers(attack.app, attack.again)
        server_mb, app_mb = watch.stop()
        alive = self.server.process.poll() is None
        # The server does not wait for its log.
        end = time.monotonic() + 5
        while attack.log not in (log := self.server.errors()[logged:]) and time.monotonic() < end:
            time.sleep(0.01)
        return Seen(status, body, seconds, again, tuple(watch.statuses), watch.longest, log, alive, server_mb, app_mb)

    def test_every_attack_harms_its_own_app_only(self):
        for attack in ATTACKS:
            with self.subTest(attack.name):
                seen = self.run_attack(attack)
                if os.environ.get("ATTACKS_SHOW"):
                    print(f"{attack.name}: {seen.status} in {seen.seconds:.2f} s, again after {seen.again or -1:.2f} s, others {seen.others_seconds:.2f} s, "
                          f"server +{seen.server_mb:.0f} MB, app {seen.app_mb:.0f} MB", file=sys.stderr)
                self.assertEqual(problems(attack, seen, SLACK), [])
            if attack.fresh:
                self.server.get(f"/{attack.app}/exit")
                self.assertIsNotNone(self.until_it_answers(attack.app, 5), attack.name)

    def test_every_row_can_fail(self):
        """Each of its bounds, crossed alone, is a problem."""
        self.assertGreaterEqual(len(ATTACKS), 60)
        self.assertEqual(len({attack.name for attack in ATTACKS}), len(ATTACKS))
        self.assertEqual({attack.name for attack in ATTACKS if not attack.code}, set(CLIENTS))
        for attack in ATTACKS:
            good = Seen(attack.gets[0], attack.body, attack.seconds, attack.again, (200, 200), attack.others, attack.log, True,
                        attack.server_mb, attack.app_mb)
            with self.subTest(attack.name):
                self.assertEqual(problems(attack, good, 0), [])
                bad = [replace(good, status=0), replace(good, seconds=attack.seconds + 0.1), replace(good, again=attack.again + 0.1),
                       replace(good, again=None), replace(good, others=(200, 599)), replace(good, others=()),
                       replace(good, others_seconds=attack.others + 0.1), replace(good, same_server=False),
                       replace(good, server_mb=attack.server_mb + 1), replace(good, app_mb=attack.app_mb + 1)]
                bad += [replace(good, body="")] if attack.body else []
                bad += [replace(good, log="")] if attack.log else []
                for one in bad:
                    self.assertEqual(len(problems(attack, one, 0)), 1, one)


if __name__ == "__main__":
    unittest.main()
