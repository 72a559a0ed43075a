"""What commands print for people: lines, paths, numbers and durations."""

import os
import shlex
import sys


def say(text: str = "") -> None:
    """To standard output; if nobody reads it any more, the campaign still ends in order."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")


def shown(path: str | os.PathLike[str]) -> str:
    """The path as one would type it here."""
    relative = os.path.relpath(path)
    return shlex.quote(str(path) if relative.startswith("..") else relative)


def number(value: int) -> str:
    return f"{value:,}"


def seconds_text(seconds: float) -> str:
    if 0 < seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    seconds = max(0, round(seconds))
    if seconds < 100:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds % 60:02} s"
