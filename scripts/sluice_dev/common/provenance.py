"""The build in which a finding was found."""

import os
import subprocess

# Of a checkout that another user owns, too: nothing of it is run.
GIT = ("git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false")


def _output(*command: str, folder: str) -> str | None:
    try:
        run = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout.strip() if run.returncode == 0 else None


def build(root: str, preset: str) -> dict[str, str | bool]:
    """A dictionary for finding.json: commit, dirty, preset, compiler."""
    found: dict[str, str | bool] = {"commit": _output(*GIT, "rev-parse", "HEAD", folder=root) or "not a git checkout"}
    status = _output(*GIT, "status", "--porcelain", "--untracked-files=no", folder=root)
    found["dirty"] = bool(status)
    found["preset"] = preset
    found["sanitizer"] = "undefined" if "ubsan" in preset else "address"
    compiler = "clang++"
    try:
        with open(os.path.join(root, "build", preset, "CMakeCache.txt"), encoding="utf-8") as file:
            for line in file:
                if line.startswith("CMAKE_CXX_COMPILER:"):
                    compiler = line.split("=", 1)[1].strip()
    except OSError:
        pass
    version = _output(compiler, "--version", folder=root)
    found["compiler"] = version.splitlines()[0] if version else compiler
    return found
