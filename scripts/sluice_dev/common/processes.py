"""Child processes, each in a session of its own so that the terminal's Ctrl-C does not reach it, and none is left behind.

`Children` is for many at once, as a campaign has them; `LimitedProcess` is one that is waited for, and not for long.
"""

import asyncio
import logging
import os
import signal
import subprocess
import tempfile
import threading

from sluice_dev.common.errors import Stopped


def descendants(pid: int) -> list[int]:
    """The processes that `pid` has started, and those that they have."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    parents.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(name))
            except (OSError, IndexError, ValueError):
                continue
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


class Child:
    def __init__(self, process):
        self._process = process
        self.pid = process.pid
        self.ended = False
        self.killed = False
        self.sent = set()

    def send(self, signal_number):
        """Sends it to the process only: what that has started itself ends with it."""
        if not self.ended:
            self.sent.add(signal_number)
            self._process.send_signal(signal_number)

    def kill(self):
        if not self.ended:
            self.killed = True
            started = descendants(self.pid)  # some have sessions of their own
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            for pid in started:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    @property
    def ended_as_told(self):
        """Whether a signal ended it that was sent by send(), before it could handle it itself."""
        return -self._process.returncode in self.sent

    async def read(self, on_text):
        """Hands all of its output to `on_text`, waits for its end and returns its exit code."""
        while data := await self._process.stdout.read(1 << 16):
            on_text(data)
        code = await self._process.wait()
        self.ended = True
        return code


class Children:
    """All that run; none is left when the campaign ends."""

    def __init__(self):
        self._running = set()

    async def start(self, command, *, env, folder):
        process = await asyncio.create_subprocess_exec(
            *command, env=env, cwd=folder, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        self._running = {child for child in self._running if not child.ended}
        child = Child(process)
        self._running.add(child)
        return child

    async def output(self, command, *, env, folder, seconds):
        """Runs a short command. Its exit code, None if it had to be killed, and its output."""
        child = await self.start(command, env=env, folder=folder)
        timer = asyncio.get_running_loop().call_later(seconds, child.kill)
        pieces = []
        code = await child.read(pieces.append)
        timer.cancel()
        return None if child.killed else code, b"".join(pieces).decode(errors="replace")

    def send(self, signal_number):
        for child in self._running:
            child.send(signal_number)

    def kill(self):
        for child in self._running:
            child.kill()


def run_async(work):
    """asyncio.run(). A signal that `work` has no handler for cancels it, wherever it waits; an exception could be raised in the middle
    of the loop."""
    arrived = []

    async def run():
        task, loop = asyncio.current_task(), asyncio.get_running_loop()

        def cancel(number):
            arrived.append(number)
            task.cancel()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, cancel, number)
        return await work

    logging.getLogger("asyncio").disabled = not os.environ.get("SLUICE_TRACEBACK")
    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        if not arrived:
            raise
        raise Stopped(arrived[0]) from None


class Failed(Exception):
    """A process crashed, or said that it failed."""


class Unfinished(Exception):
    """A process took longer than it may."""


class LimitedProcess:
    """A process whose output is read, and which is killed, with all that it has started, when its time or the block ends.

        with LimitedProcess(["node", "file.mjs"], 60) as process:
            for line in process.lines():
                ...
            if wanted is None: raise process.no_result()

    With `quiet`, nobody reads along: its output is kept for no_result() alone.
    """

    def __init__(self, command, limit_seconds, quiet=False):
        # On standard error some say what was asked for, some only what went wrong.
        self._kept = tempfile.TemporaryFile("w+", errors="replace") if quiet else None
        self._process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                         stdout=self._kept or subprocess.PIPE, stderr=subprocess.STDOUT,
                                         text=True, errors="replace", start_new_session=True)
        self._words = []
        self.limit_seconds = limit_seconds
        self.timed_out = False
        self.peak_bytes = None  # resident memory, once it has ended
        self._timer = threading.Timer(limit_seconds, self._give_up)
        self._timer.start()

    def _give_up(self):
        self.timed_out = True
        self.kill()

    def kill(self):
        """Does not wait for its end; nothing happens when it has ended."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._timer.cancel()
        self.kill()
        self.end()
        (self._kept or self._process.stdout).close()

    def lines(self):
        """Those that have not been read yet."""
        for line in self._kept or self._process.stdout:
            self._words.append(line.strip())
            yield line

    def _reap(self, flags):
        """Popen's own wait() does not tell the peak."""
        if self._process.returncode is None:
            pid, status, usage = os.wait4(self._process.pid, flags)
            if pid != 0:
                self._process.returncode = os.waitstatus_to_exitcode(status)
                self.peak_bytes = usage.ru_maxrss * 1024
        return self._process.returncode

    def ended(self) -> bool:
        return self._reap(os.WNOHANG) is not None

    def end(self) -> int:
        """Waits for its end by itself: its exit code, negative for a signal."""
        return self._reap(0)

    def no_result(self) -> Exception:
        """Waits for its end; why it ended without a result: Unfinished or Failed."""
        if self._kept:
            self.end()
            self._kept.seek(0)
        for _ in self.lines():
            pass
        code = self.end()
        if self.timed_out:
            return Unfinished(f"did not finish in {self.limit_seconds:g} s")
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        last = [words for words in self._words if words][-1:]
        return Failed(f"{how} before there was a result" + (f": {last[0][:200]}" if last else ""))
