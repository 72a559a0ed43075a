"""A program at a pseudo terminal: what a person would type, and what would be on the screen."""

import os
import pty
import re
import select
import signal
import subprocess
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r|\x07")


class Terminal:
    """Runs `arguments`; `expect` waits for text, `type` sends keys."""

    def __init__(self, arguments, environment):
        self.master, slave = pty.openpty()
        # The terminal is the program's own, so that Ctrl-C reaches it and nothing else.
        self.process = subprocess.Popen(arguments, stdin=slave, stdout=slave, stderr=slave, close_fds=True,
                                        env=environment, preexec_fn=lambda: become_foreground(slave))
        os.close(slave)
        self.screen = ""  # since the last expect, without escape sequences

    def type(self, keys):
        os.write(self.master, keys.encode())

    def expect(self, text, seconds=60):
        """Waits until `text` is on the screen, and returns what stood before it."""
        self.expect_any([text], seconds)
        before, _, self.screen = self.screen.partition(text)
        return before

    def expect_any(self, texts, seconds=60):
        """Waits until one of `texts` is on the screen, leaves it there, and returns it."""
        end = time.monotonic() + seconds
        while not any(text in self.screen for text in texts):
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            chunk = b""
            if ready:
                try:
                    chunk = os.read(self.master, 65536)
                except OSError:  # the program has ended
                    pass
            if not chunk:
                raise AssertionError(f"none of {texts!r} came; the screen is {self.screen!r}")
            self.screen = ESCAPES.sub("", self.screen + chunk.decode(errors="replace"))
        return next(text for text in texts if text in self.screen)

    def wait(self, seconds=60):
        """The exit code, when the program has ended."""
        while True:  # what it still prints must not block it
            ready, _, _ = select.select([self.master], [], [], seconds)
            try:
                if not ready or not os.read(self.master, 65536):
                    break
            except OSError:
                break
        return self.process.wait(timeout=seconds)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)


def become_foreground(terminal):
    import fcntl
    import termios
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
