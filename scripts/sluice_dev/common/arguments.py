"""The flags of a script. Its --help is the comment at its top, which scripts/lib/setup.sh prints."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from sluice_dev.common.errors import CannotRun


class Parser(argparse.ArgumentParser):
    """Only flags are declared; `words` are all others, in any place. A mistake is one line. A flag's value may begin with a dash
    (`--out -folder`), as may words after `--`."""

    def __init__(self, script: str) -> None:
        super().__init__(prog=script, add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise CannotRun(f"{message}; see {self.prog} --help")

    def parse(self, words: Sequence[str]) -> Any:
        end = words.index("--") if "--" in words else len(words)
        options, others = self.parse_known_args(self._joined(words[:end]))
        for word in others:
            if word.startswith("-") and word != "-":
                self.error(f"unknown flag {word}")
        options.words = [*others, *words[end + 1:]]
        return options

    def _joined(self, words: Sequence[str]) -> list[str]:
        """`--flag -value` as `--flag=-value`, which argparse understands."""
        takes_value = {flag for action in self._actions for flag in action.option_strings if action.nargs is None}
        known = {flag for action in self._actions for flag in action.option_strings}
        result: list[str] = []
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word in takes_value and rest and rest[0].startswith("-") and rest[0].split("=")[0] not in known:
                word = f"{word}={rest.pop(0)}"
            result.append(word)
        return result


def whole_number(parser: Parser, flag: str, value: str, what: str = "") -> int:
    """At least 1, and not so large that nobody can have meant it."""
    if not (value.isascii() and value.isdigit()) or not 0 < int(value) < 10**9:
        parser.error(f"{flag} {value}: must be a whole number{what}, 1 or more")
    return int(value)
