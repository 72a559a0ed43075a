"""A campaign's folder: one campaign at a time; files of an earlier one are set aside."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable

from sluice_dev.common.display import shown
from sluice_dev.common.errors import CannotRun

# What campaigns write there. Nothing else is touched: the folder may be anybody's.
RESULTS = ("findings", "canary_fuzzer", "crashing", "suppressed", "afl", "findings.sarif", "index.html", "summary.json", "campaign.json",
           "samples.jsonl",
           "state-coverage.json", "speed.json", "program.dict")
SCRATCH = "artifacts-"  # of a campaign that was killed: inputs that it had not looked at yet
EARLIER = "earlier"
SMALLEST_FREE_BYTES = 64 << 20
_AFTER_FREEING_SPACE = "Free some space, then fuzz again: what was found is kept, and the corpus goes on from where it was"


def require_writable(folders: Iterable[str]) -> None:
    """Makes those that do not exist."""
    for folder in folders:
        try:
            os.makedirs(folder, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise CannotRun(f"{shown(folder)}: cannot be written: {error.strerror}") from error


def require_space(*folders: str) -> None:
    for folder in folders:
        free = shutil.disk_usage(folder).free
        if free < SMALLEST_FREE_BYTES:
            raise CannotRun(f"{shown(folder)}: the disk is full ({free >> 20} MiB free, {SMALLEST_FREE_BYTES >> 20} are the least), and "
                            f"findings could be lost. {_AFTER_FREEING_SPACE}")


def error_text(error: Exception, folder: str) -> str:
    """`folder`: where what could not be written should have gone, when the error itself does not know."""
    if not isinstance(error, OSError):
        return str(error)
    text = f"{shown(error.filename or folder)}: {error.strerror or error}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{text}. --out and --corpus name other folders"
    return f"{text}. {_AFTER_FREEING_SPACE}" if error.errno in (errno.ENOSPC, errno.EDQUOT) else text


def set_aside(out: str) -> str:
    """Moves what an earlier campaign left in the folder to earlier/1, earlier/2, ... Says where, if there was anything."""
    left = [name for name in sorted(os.listdir(out)) if name in RESULTS or name.startswith(SCRATCH)]
    if not left:
        return ""
    number = 1
    while os.path.lexists(os.path.join(out, EARLIER, str(number))):
        number += 1
    place = os.path.join(out, EARLIER, str(number))
    os.makedirs(place)
    for name in left:
        os.rename(os.path.join(out, name), os.path.join(place, name))
    return f"What an earlier campaign left in this folder is in {shown(place)}"
