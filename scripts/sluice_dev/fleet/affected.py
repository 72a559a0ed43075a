"""Finds the fuzz targets that a change is compiled into, from the build's own graph.

    affected.py --build DIR FILE...                   # paths from the root of the sources; prints the targets, one a line

A target is affected by a source that it is built from (ninja -t inputs), by a header that one of those includes (ninja -t deps, so the
targets must have been built), and by its seeds, options and dictionary. CMake's files, the scripts of campaigns and deleted files affect
every target.
"""

import argparse
import os
import shlex
import subprocess
from pathlib import Path

from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT

# How a campaign is run: whatever the target.
_FOR_ALL = ("scripts/fuzz", "scripts/lib/setup.sh", "scripts/sluice_dev/campaign/", "scripts/sluice_dev/common/builds.py",
            "scripts/sluice_dev/engines/", "sanitizers/")


def _ninja(build: Path, *words: str) -> str:
    return subprocess.run(["ninja", "-C", build, *words], stdout=subprocess.PIPE, text=True, check=True).stdout


def _from_root(path: str, build: Path) -> str:
    return os.path.relpath(os.path.normpath(os.path.join(build, path)), ROOT)


def _inputs(build: Path, what: str) -> set[str]:
    """All that it is built from; paths from the root. Ninja quotes them for a shell."""
    return {_from_root(word, build) for word in shlex.split(_ninja(build, "-t", "inputs", what))}


def headers(build: Path) -> dict[str, set[str]]:
    """Source -> all that it includes; paths from the root."""
    found: dict[str, set[str]] = {}
    source: str | None = None
    for line in _ninja(build, "-t", "deps").splitlines():
        if not line.startswith(" "):
            source = None  # of the next object file
        elif path := line.strip():
            path = _from_root(path, build)
            # The compiler's own files may come before it (a sanitizer's list of what to ignore).
            if source is None and path.endswith(".cc"):
                source = path
            if source is not None:
                found.setdefault(source, set()).add(path)
    return found


def affected(build: Path, changed: list[str]) -> list[str]:
    """In the order of fuzz/targets/targets.json. Raises OSError and subprocess.CalledProcessError."""
    targets = fuzz_targets.default((build / "fuzzers/targets.txt").read_text().split())
    rebuilt = _inputs(build, "build.ninja")
    for path in changed:
        is_code = path.startswith(("src/", "fuzz/"))
        if path in rebuilt or path.startswith(_FOR_ALL) or (is_code and not (ROOT / path).exists()):
            return targets
    included = headers(build)
    found = []
    for target in targets:
        sources = _inputs(build, f"fuzzers/{target}")
        parts = sources.union(*(included.get(source, set()) for source in sources))
        seeds = tuple(f"corpus/{name}/" for name in fuzz_targets.of(target).corpus_folders)
        if any(path in parts or path.startswith((*seeds, f"fuzz/targets/{target}.")) for path in changed):
            found.append(target)
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="affected", allow_abbrev=False)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args(arguments)
    try:
        print("\n".join(affected(options.build.resolve(), options.files)))
    except subprocess.CalledProcessError as error:
        raise CannotRun(str(error)) from error
    return 0
