"""The command line and the output of an afl-fuzz process.

Its folder OUT/afl/TARGET has the instances, "main" and "s1", "s2", ..., which read each other's inputs there. libFuzzer's inputs come from
the shared corpus (-F); Instance.export() copies AFL++'s inputs there.
"""

import asyncio
import hashlib
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterable, Mapping

from sluice_dev.common import sanitizer_options as options
from sluice_dev.common.processes import descendants
from sluice_dev.corpus.files import entries
from sluice_dev.engines.libfuzzer import UNIT_TIMEOUT_SECONDS

# The engine's own limits, by which it ends an input and tries it again for the time after which it is a hang.
_FIRST_TIMEOUT_MILLISECONDS = 2000
_RSS_LIMIT_BYTES = int(options.read("libfuzzer.options")["rss_limit_mb"]) << 20
# Secondaries differ from the main instance and from each other. (The main one uses "fast", trims nothing and goes through its queue in
# order: that is afl-fuzz's -M.)
_SCHEDULES = ("explore", "coe", "exploit", "rare")
# What libFuzzer calls a timeout is a hang.
_ENVIRONMENT = options.read("afl.environment") | {"AFL_HANG_TMOUT": str(UNIT_TIMEOUT_SECONDS * 1000)}
_COLORS = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\)B)")
_NO_SEED_LEFT = "We need at least one valid input seed that does not crash"
_CRASHING_SEED = re.compile(r"Test case '(.+)' results in a (crash|timeout)")


def environment(env: Mapping[str, str], *, profile: str | None, mutator: str | None) -> dict[str, str]:
    """`profile`: programs are mutated as programs, and as nothing else. None: AFL++ mutates bytes as it does."""
    result = {key: value for key, value in env.items() if not key.startswith("AFL_")} | _ENVIRONMENT
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        result[name] = ":".join(part for part in (env.get(name), options.joined("afl.options")) if part)
    if profile is not None and mutator is not None:
        result |= {"AFL_CUSTOM_MUTATOR_LIBRARY": mutator, "AFL_CUSTOM_MUTATOR_ONLY": "1", "SLUICE_MUTATION_PROFILE": profile}
    return result


def make_seeds(folder: str, sources: Iterable[str]) -> None:
    """The seeds in one folder, as AFL++ wants them. It will not begin without any: a byte is next to nothing."""
    os.makedirs(folder, exist_ok=True)
    count = 0
    for source in sources:
        for entry in entries(source):
            if not entry.why and entry.size > 0:
                count += 1
                shutil.copyfile(entry.path, os.path.join(folder, f"{count:06}-{os.path.basename(source)}"))
    if count == 0:
        with open(os.path.join(folder, "byte"), "wb") as file:
            file.write(b"\1")


class Instance:
    """An instance, over all its turns; each is a process. `name` is "main" or "s1", "s2", ..."""

    def __init__(self, folder: str, name: str) -> None:
        self.folder = os.path.join(folder, name)
        self.name = name
        self.turns = 0
        self.running = False
        self._of_all = folder
        self._exported: set[str] = set()  # names in its queue
        self._sizes: dict[str, tuple[int, int]] = {}  # of entries that may still be written
        self._examined: set[str] = set()  # paths of crashes and hangs

    @property
    def is_main(self) -> bool:
        return self.name == "main"

    def command(self, binary: str, *, seconds: float, seeds: str, corpus: str | None, max_len: int, dictionary: str | None = None,
                cmplog: str | None = None) -> list[str]:
        """The campaign ends the process by SIGINT when its time is over; -V is for when the campaign itself was killed.
        `corpus`: what libFuzzer found; None if nothing is shared."""
        resumes = os.path.exists(os.path.join(self.folder, "fuzzer_setup"))
        command = ["afl-fuzz", "-i", "-" if resumes else seeds, "-o", self._of_all, "-G", str(max_len), "-m", "none",
                   "-t", f"{_FIRST_TIMEOUT_MILLISECONDS}+", "-V", str(int(seconds) + 30)]
        if self.is_main:
            command += ["-M", self.name, *(["-F", corpus] if corpus else [])]
        else:
            command += ["-S", self.name, "-p", _SCHEDULES[(int(self.name[1:]) - 1) % len(_SCHEDULES)]]
            if cmplog is not None:
                command += ["-c", cmplog, "-l", "2"]
        if dictionary is not None:
            command += ["-x", dictionary]
        return [*command, "--", binary]

    def stats(self) -> dict[str, str]:
        """Its own figures when it last wrote them, as text by name; empty if never."""
        try:
            with open(os.path.join(self.folder, "fuzzer_stats"), encoding="utf-8", errors="replace") as file:
                return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in file)}
        except FileNotFoundError:
            return {}

    def begin_anew(self) -> None:
        """From the seeds, with nothing of what it was."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._exported.clear()
        self._sizes.clear()
        self._examined.clear()

    def export(self, corpus: str, ended: bool) -> int:
        """Copies what it has found itself to the shared corpus, whole or not at all; libFuzzer looks there every second. `ended`: no
        process writes any more. Returns how many were new there."""
        queue = os.path.join(self.folder, "queue")
        if not os.path.isdir(queue):
            return 0
        count = 0
        for entry in os.scandir(queue):
            name = entry.name
            if name in self._exported or not name.startswith("id:"):
                continue
            if ",orig:" in name or ",sync:" in name:  # a seed, an entry of the last turn, or another's
                self._exported.add(name)
                continue
            status = entry.stat()
            written = (status.st_size, status.st_mtime_ns)
            if not ended and self._sizes.get(name) != written:  # it may be half written
                self._sizes[name] = written
                continue
            self._exported.add(name)
            self._sizes.pop(name, None)
            count += _copy_into(entry.path, corpus)
        return count

    def new_crashes(self, log: Iterable[str]) -> list[tuple[str, str]]:
        """(path, kind) of crashes, hangs and crashing seeds that were not returned before."""
        found: list[tuple[str, str]] = []
        for folder, kind in (("crashes", "crash"), ("hangs", "timeout")):
            path = os.path.join(self.folder, folder)
            names = sorted(os.listdir(path)) if os.path.isdir(path) else []
            found += ((os.path.join(path, name), kind) for name in names if name.startswith("id:"))
        for line in log:
            if match := _CRASHING_SEED.search(line):
                found.append((os.path.join(self.folder, "queue", match[1]), match[2]))
        new = [(path, kind) for path, kind in found if path not in self._examined and os.path.isfile(path)]
        self._examined.update(path for path, _ in new)
        return new


def _copy_into(path: str, corpus: str) -> int:
    with open(path, "rb") as file:
        data = file.read()
    target = os.path.join(corpus, hashlib.sha1(data).hexdigest())  # libFuzzer's names
    if os.path.exists(target):
        return 0
    # In the folder above: every file in the corpus is read.
    handle, temporary = tempfile.mkstemp(prefix=".export-", dir=os.path.dirname(corpus))
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, target)
    except OSError:
        os.unlink(temporary)
        raise
    return 1


class Output(asyncio.DatagramProtocol):
    """The output of one process so far: lines, figures once a second as StatsD (nowhere else does it report them so often), and its files
    at the end."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.executions = 0
        self.rate = 0
        self.edges = 0
        self.corpus = 0
        self.loading = True
        self.unstable_edges = 0
        self.stability: float | None = None  # per cent, when it has ended
        self.log: list[str] = []
        self.command: list[str] = []  # of the process
        self._before = int(instance.stats().get("execs_done", 0))  # it counts on from its last turn
        self._last: tuple[float, int] | None = None  # (seconds, executions)
        self._rest = b""
        self._transport: asyncio.DatagramTransport | None = None

    async def listen(self) -> dict[str, str]:
        """Returns what to add to the environment of the process."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0), family=socket.AF_INET)
        self._transport = transport
        port = transport.get_extra_info("sockname")[1]
        return {"AFL_STATSD": "1", "AFL_STATSD_HOST": "127.0.0.1", "AFL_STATSD_PORT": str(port)}

    def datagram_received(self, data: bytes, addr: object) -> None:
        figures = dict(re.findall(r"^fuzzing\.(\w+):([\d.]+)\|", data.decode(errors="replace"), re.M))
        if "execs_done" in figures:
            self._take(figures)

    def _take(self, figures: Mapping[str, str]) -> None:
        self.loading = False
        # Figures of the last turn may come first, when its own are not read yet.
        self.executions = max(self.executions, int(figures["execs_done"]) - self._before)
        self.edges = max(self.edges, int(figures["edges_found"]))
        self.corpus = int(figures["corpus_count"])
        self.unstable_edges = int(figures["var_byte_count"])
        now = time.monotonic()
        if self._last is not None and now > self._last[0]:
            self.rate = round((self.executions - self._last[1]) / (now - self._last[0]))
        self._last = (now, self.executions)

    def add(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.log += (_COLORS.sub("", line.decode(errors="replace")).strip() for line in lines)
        del self.log[:-2000]

    def finish(self) -> None:
        if self._rest:
            self.add(b"\n")
        if self._transport is not None:
            self._transport.close()
        stats = self.instance.stats()
        if int(stats.get("execs_done", 0)) > self._before:
            self._take(stats)
            self.stability = float(stats["stability"].rstrip("%"))

    @property
    def every_seed_crashed(self) -> bool:
        return self.loading and any(_NO_SEED_LEFT in line for line in self.log)

    def why_it_ended(self) -> str:
        """Its own words, if it refused."""
        for i, line in enumerate(self.log):
            if "PROGRAM ABORT" in line or "SYSTEM ERROR" in line:
                return " ".join([line.split(" : ", 1)[-1], *(l for l in self.log[i + 1:i + 3] if l.startswith("OS message"))])
        printed = [line for line in self.log if line]
        return printed[-1] if printed else "it printed nothing"


def kill_large_children(pid: int, limit: int = _RSS_LIMIT_BYTES) -> None:
    """Ends the target's processes that have grown beyond the limit. afl-fuzz takes that for a crash, and the campaign tries the input
    again under libFuzzer, which reports that it is out of memory. (AFL++'s own limit is of addresses, of which sanitizers and V8 take
    terabytes; the sanitizers' is watched by a thread, which does not survive the fork server.)"""
    import psutil  # pylint: disable=import-outside-toplevel  # as in processes.py

    for child in descendants(pid):
        try:
            if child.memory_info().rss > limit:
                child.kill()
        except psutil.NoSuchProcess:
            continue  # it has ended
