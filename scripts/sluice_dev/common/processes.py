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
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, TypeVar

from sluice_dev.common.errors import Stopped

if TYPE_CHECKING:
    import psutil

_T = TypeVar("_T")


def descendants(pid: int) -> "list[psutil.Process]":
    """The processes that `pid` has started, and those that they have."""
    import psutil  # pylint: disable=import-outside-toplevel  # commands that end no processes run without it

    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


class Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid
        self.ended = False
        self.killed = False
        self.sent: set[int] = set()

    def send(self, signal_number: int) -> None:
        """Sends it to the process only: what that has started itself ends with it."""
        if not self.ended:
            self.sent.add(signal_number)
            self._process.send_signal(signal_number)

    def kill(self) -> None:
        if not self.ended:
            self.killed = True
            started = descendants(self.pid)  # some have sessions of their own
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            for process in started:
                try:
                    os.kill(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    @property
    def ended_by_signal_sent(self) -> bool:
        """Whether a signal ended it that was sent by send(), before it could handle it itself."""
        return self._process.returncode is not None and -self._process.returncode in self.sent

    async def read(self, on_text: Callable[[bytes], object]) -> int:
        """Passes all of its output to `on_text`, waits for its end and returns its exit code."""
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(1 << 16):
            on_text(data)
        code = await self._process.wait()
        self.ended = True
        return code


class Children:
    """All that run; none is left when the campaign ends."""

    def __init__(self) -> None:
        self._running: set[Child] = set()

    async def start(self, command: Sequence[str], *, env: Mapping[str, str], folder: str | os.PathLike[str]) -> Child:
        process = await asyncio.create_subprocess_exec(
            *command, env=env, cwd=folder, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        self._running = {child for child in self._running if not child.ended}
        child = Child(process)
        self._running.add(child)
        return child

    async def output(self, command: Sequence[str], *, env: Mapping[str, str], folder: str | os.PathLike[str],
                     seconds: float) -> tuple[int | None, str]:
        """Runs a short command. Its exit code, None if it had to be killed, and its output."""
        child = await self.start(command, env=env, folder=folder)
        timer = asyncio.get_running_loop().call_later(seconds, child.kill)
        pieces: list[bytes] = []
        code = await child.read(pieces.append)
        timer.cancel()
        return None if child.killed else code, b"".join(pieces).decode(errors="replace")

    def send(self, signal_number: int) -> None:
        for child in self._running:
            child.send(signal_number)

    def kill(self) -> None:
        for child in self._running:
            child.kill()


def run_async(work: Coroutine[Any, Any, _T]) -> _T:
    """asyncio.run(). A signal that `work` has no handler for cancels it, wherever it waits; an exception could be raised in the middle
    of the loop."""
    arrived: list[int] = []

    async def run() -> _T:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        running = task

        def cancel(number: int) -> None:
            arrived.append(number)
            running.cancel()
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
    """A process crashed, or reported that it failed."""


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

    def __init__(self, command: Sequence[object], limit_seconds: float, quiet: bool = False) -> None:
        # Some print their results on standard error.
        self._kept: IO[str] | None = tempfile.TemporaryFile("w+", errors="replace") if quiet else None
        self._process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                         stdout=self._kept or subprocess.PIPE, stderr=subprocess.STDOUT,
                                         text=True, errors="replace", start_new_session=True)
        output = self._kept or self._process.stdout
        assert output is not None
        self._output: IO[str] = output
        self._words: list[str] = []
        self.limit_seconds = limit_seconds
        self.timed_out = False
        self.peak_bytes: int | None = None  # resident memory, once it has ended
        self._timer = threading.Timer(limit_seconds, self._give_up)
        self._timer.start()

    def _give_up(self) -> None:
        self.timed_out = True
        self.kill()

    def kill(self) -> None:
        """Does not wait for its end; nothing happens when it has ended."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def __enter__(self) -> "LimitedProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self.kill()
        self.end()
        self._output.close()

    def lines(self) -> Iterator[str]:
        """Those that have not been read yet."""
        for line in self._output:
            self._words.append(line.strip())
            yield line

    def _reap(self, flags: int) -> int | None:
        """Popen's own wait() does not return the peak."""
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
        code = self._reap(0)
        assert code is not None
        return code

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
