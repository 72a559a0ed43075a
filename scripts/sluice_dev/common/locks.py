"""A folder belongs to one process at a time."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator

from sluice_dev.common.display import shown
from sluice_dev.common.errors import CannotRun

_NAME = ".lock"


# Not allowed, or on a file system that nobody writes to, which Python has no exception for.
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextlib.contextmanager
def writing(flag: str) -> Iterator[None]:
    """Raises CannotRun where writing is refused. `flag` is what names another folder."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        raise CannotRun(f"{shown(error.filename)}: {error.strerror}. Name another folder with {flag}") from error


@contextlib.contextmanager
def sole_user(folder: str, what: str, flag: str) -> Iterator[None]:
    """Holds the folder, which is made if need be. Raises CannotRun if another process has it. A process that was killed has none.
    `flag` is what names another folder."""
    with writing(flag):
        os.makedirs(folder, exist_ok=True)
        handle = os.open(os.path.join(folder, _NAME), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            owner = os.read(handle, 100).decode(errors="replace").strip()
            raise CannotRun(f"{shown(folder)}: {what} is using it{f' (process {owner})' if owner.isdigit() else ''}; wait for its end, or use "
                            "another folder") from error
        with contextlib.suppress(OSError):  # on a full disk it is held all the same; who holds it is only for messages
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
