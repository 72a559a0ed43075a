"""Child processes of the campaign, each in a session of its own so that the terminal's Ctrl-C does not reach it."""

import asyncio
import os
import signal


class Child:
    def __init__(self, process):
        self._process = process
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
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
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
