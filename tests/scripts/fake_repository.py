"""A repository for tests: its tree is one file that lists the faults that the commit has, and `broken` where it does not build."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class FakeCommit:
    subject: str
    faults: set[str] = field(default_factory=set)
    builds: bool = True
    id: str = ""


def git(root: Path, *words: str, data: bytes = b"") -> str:
    run = subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b", "-C", str(root), *words], input=data, capture_output=True, check=True)
    return run.stdout.decode()


def make(root: Path, commits: list[FakeCommit]) -> None:
    """Writes a linear history, and the id of each commit into it."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch", "main")
    pieces = []
    for number, commit in enumerate(commits):
        message = f"{commit.subject}\n\nWhy number {number} was made.\n".encode()
        faults = "".join(f"{fault}\n" for fault in sorted(commit.faults)).encode()
        state = b"" if commit.builds else b"broken\n"
        pieces += [f"commit refs/heads/main\nmark :{number + 1}\ncommitter Author {number} <a@b> {1_700_000_000 + number * 60} +0000\n"
                   f"data {len(message)}\n".encode(), message]
        for name, content in (("faults", faults), ("state", state), ("number", str(number).encode())):
            pieces += [f"M 100644 inline {name}\ndata {len(content)}\n".encode(), content, b"\n"]
    git(root, "fast-import", "--quiet", data=b"".join(pieces))
    for commit, id_ in zip(commits, git(root, "rev-list", "--reverse", "main").split()):
        commit.id = id_
    git(root, "checkout", "--quiet", "main")


def command(fault: str) -> str:
    """For scripts/bisect: in a checkout, whether it has the fault."""
    return f"if [ -s state ]; then exit 125; fi; if grep -qx '{fault}' faults; then exit 1; fi"
