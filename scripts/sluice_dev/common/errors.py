"""Exceptions that end a command early. __main__.py turns them into messages and exit codes."""

import signal


class CannotRun(Exception):
    """Nothing could be done, or not all of it. The text has what, where, and what to do. Exit code 2."""


class Stopped(KeyboardInterrupt):
    """A signal that ends the command has arrived, and the command has no handler of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
