"""`--json` of every command that prints a result: one JSON object on standard output, in one place for all.

    {"version": 1, "command": "minimize", "exit": 1, "error": null, "result": {...}}

`exit` is the exit code, and `error` says why there is no verdict (exit code 2). `result` has what the command told by then, also of a run
that failed or was interrupted. All that is for people goes to standard error, that of children too.
"""

import json
import os
import sys

VERSION = 1
FLAG = "--json"
# They have a --json of their own, as their --help says, or print JSON anyway.
WITH_THEIR_OWN = ("bench", "bisect", "issues", "repro", "targets")
_ELSEWHERE = "see standard error"

_told: dict[str, object] = {}


def tell(**facts: object) -> None:
    """What is known now. Later words replace earlier ones. Costs nothing if nobody asked."""
    _told.update(facts)


class Wanted:
    """Whether the words of a command ask for JSON, and if so where it goes: descriptor 1 is standard error from then on."""

    def __init__(self, command: str, words: list[str]) -> None:
        end = words.index("--") if "--" in words else len(words)
        self.is_wanted = command not in WITH_THEIR_OWN and FLAG in words[:end]
        self.words = [word for word in words[:end] if word != FLAG] + words[end:] if self.is_wanted else words
        self._command = command
        self._output = -1
        if self.is_wanted:
            sys.stdout.flush()
            self._output = os.dup(1)
            os.dup2(2, 1)

    def write(self, code: int, error: str) -> str:
        """Why it could not be written; empty if it was."""
        whole = {"version": VERSION, "command": self._command, "exit": code, "error": error or (_ELSEWHERE if code == 2 else None), "result": _told}
        data = (json.dumps(whole, default=str) + "\n").encode(errors="surrogateescape")
        try:
            while data:
                data = data[os.write(self._output, data):]
        except BrokenPipeError:
            pass  # its reader wanted no more
        except OSError as problem:
            return problem.strerror or str(problem)
        finally:
            os.close(self._output)
        return ""
