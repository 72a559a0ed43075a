"""Standard input, output and error as every command needs them, whatever they were when it began.

A closed stream becomes /dev/null, so that no later file gets its number. Names that are not UTF-8 are written byte for byte. Lost output
does not change the work of a command; lost_output() reports it.
"""

import codecs
import errno
import io
import os
import sys

_lost = ""


def prepare() -> None:
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            if os.open(os.devnull, os.O_RDWR) != number:
                raise
    codecs.register_error("sluice", _escape)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    # A text file of lines: what children write in between stays in order.
    sys.stdout = _text(1, note_loss=True)
    sys.stderr = _text(2, note_loss=False)


def lost_output() -> str:
    """Why output could not be written. Empty when all was, and when its reader went away, who wanted no more."""
    return _lost


def words_of(error: OSError, place: str = "") -> str:
    """`place`: where it must have been, when the error itself does not know."""
    where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes, os.PathLike)) else place
    what = f"{where}: {error.strerror or error}" if where else error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what += ". Free some space, then try again"
    return what


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    """A byte of a name that is no UTF-8 as it is; other lone surrogates as an escape."""
    assert isinstance(error, UnicodeEncodeError)
    piece = error.object[error.start:error.end]
    encoded = b"".join(bytes([ord(c) - 0xDC00]) if 0xDC80 <= ord(c) <= 0xDCFF else f"\\u{ord(c):04x}".encode() for c in piece)
    return encoded, error.end


class _Forgiving(io.RawIOBase):
    """Writes to a descriptor; what cannot be written is dropped."""

    def __init__(self, number: int, note_loss: bool) -> None:
        super().__init__()
        self._number = number
        self._note_loss = note_loss
        self.mode = "wb"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, data: object) -> int:
        global _lost  # pylint: disable=global-statement
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        rest = view
        while rest:
            try:
                rest = rest[os.write(self._number, rest):]
            except BlockingIOError:
                _wait_until_writable(self._number)
            except OSError as error:
                if self._note_loss and error.errno != errno.EPIPE:
                    _lost = _lost or str(error.strerror)
                break
        return len(view)


def _wait_until_writable(number: int) -> None:
    import select  # pylint: disable=import-outside-toplevel

    poll = select.poll()
    poll.register(number, select.POLLOUT)
    poll.poll()


def _text(number: int, note_loss: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(_Forgiving(number, note_loss)), encoding="utf-8", errors="sluice", line_buffering=True)
