"""The inputs of a corpus: every regular file under a folder, whatever its name and depth. Links are followed."""

import dataclasses
import os
import stat
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Entry:
    """Something in a corpus. `why` is empty for an input; otherwise the reason why this is none."""

    name: str  # relative to the corpus
    path: str
    size: int
    modified: int  # nanoseconds
    is_elsewhere: bool  # in a folder that is linked from the corpus: others may need it
    why: str = ""

    def is_unchanged(self) -> bool:
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (self.size, self.modified)


def entries(folder: str) -> list[Entry]:
    """All that is in the folder and its sub-folders, in the order of their names."""
    return list(_walk(folder, "", (), False))


def _walk(folder: str, prefix: str, above: tuple[tuple[int, int], ...], elsewhere: bool) -> Iterator[Entry]:
    status = os.stat(folder)
    here = (*above, (status.st_dev, status.st_ino))
    for name in sorted(os.listdir(folder)):
        path, relative = os.path.join(folder, name), prefix + name
        try:
            status = os.stat(path)
            if not stat.S_ISDIR(status.st_mode):
                yield Entry(relative, path, status.st_size, status.st_mtime_ns, elsewhere, _why_no_input(path, status.st_mode))
            elif (status.st_dev, status.st_ino) in here:
                yield Entry(relative, path, 0, 0, elsewhere, "a link to a folder above it")
            else:
                yield from _walk(path, relative + "/", here, elsewhere or os.path.islink(path))
        except FileNotFoundError:
            if os.path.islink(path):  # otherwise somebody has removed it just now
                yield Entry(relative, path, 0, 0, elsewhere, "a link to nothing")
        except OSError as error:
            yield Entry(relative, path, 0, 0, elsewhere, error.strerror or str(error))


def _why_no_input(path: str, mode: int) -> str:
    if not stat.S_ISREG(mode):
        return "no regular file"
    return "" if os.access(path, os.R_OK) else "it cannot be read"
