"""The state of a night in a file that is always complete, so that a night can be killed at any time and resumed.

    state = State(out, identity)                      # of the unfinished night in `out`, or a new one
    state.stage("tests")["status"]                    # "waiting", "running", "passed", "failed", "warned", "unable" or "skipped"
    state.save()
"""

import datetime
import shutil
from pathlib import Path
from typing import Any

from sluice_dev.common import files
from sluice_dev.common.locks import writing


class State:
    def __init__(self, out: Path, identity: dict[str, Any], fresh: bool):
        """`identity`: what must be the same for a night to be gone on with. Raises OSError."""
        self._file = out / "state.json"
        self.resumed = False
        self.why_new = ""
        stored = None if fresh else self._read()
        if stored is None:
            self._data = _begin(identity)
        elif stored["ended"] or stored["identity"] != identity:
            different = [name for name in identity if stored["identity"].get(name) != identity[name]]
            self.why_new = "" if stored["ended"] else f"the unfinished night had another {' and '.join(different)}"
            self._data = _begin(identity)
        else:
            self._data = stored
            self.resumed = True
        if not self.resumed:
            _empty(out)
        with writing("--out"):
            out.mkdir(parents=True, exist_ok=True)
        self.save()

    def _read(self) -> dict[str, Any] | None:
        data = files.read_json(self._file)
        is_state = isinstance(data, dict) and all(isinstance(data.get(key), kind) for key,
                                                  kind in (("stages", dict), ("identity", dict), ("night", str)))
        return data if is_state else None

    @property
    def night(self) -> str:
        """Names the night in the history: when it began."""
        return str(self._data["night"])

    def stage(self, name: str) -> dict[str, Any]:
        record: dict[str, Any] = self._data["stages"].setdefault(name, {"status": "waiting", "seconds": 0.0, "why": "", "parts": 0})
        return record

    def end(self) -> None:
        self._data["ended"] = True
        self.save()

    def save(self) -> None:
        """Whole or not at all, also when the disk is full or the machine stops."""
        files.write_json(self._file, self._data)


def _begin(identity: dict[str, Any]) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"identity": identity, "night": now.strftime("%Y-%m-%dT%H-%M-%S.%fZ"), "stages": {}, "ended": False}


_MADE_HERE = ("campaigns", "logs", "coverage", "valgrind", "mutants.json", "summary.md", "summary.json", "findings.sarif", "index.html", "trend.html",
              "state.json")


def _empty(out: Path) -> None:
    """Only what a night makes: --out may be a folder with other things in it."""
    for name in _MADE_HERE:
        path = out / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
