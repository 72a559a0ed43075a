"""The web platform tests: their source, their list, and the files that each needs.

They are part of the source of the distribution's package `nodejs`. That file is fetched once, with apt's own means and from the
package sources that are configured on the machine, checked, and unpacked in build/wpt. Nothing outside build/ is changed.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sluice_dev.common.paths import ROOT

WORK = ROOT / "build/wpt"

# The pin. Another version is another suite: tests/wpt/expectations.json has to be gone through again.
VERSION = "18.20.4"
ARCHIVE = f"nodejs_{VERSION}+dfsg.orig.tar.xz"
SHA256 = "6ce58062c71eae37d9c5ac31eeaeff9c2d48561d21c2849179d056c9c1bd9ebc"

_INSIDE = "/test/fixtures/wpt/"
_WANTED = ("LICENSE.md", "README.md", "versions.json", "common/", "console/", "dom/", "encoding/", "fetch/data-urls/", "html/webappapis/",
           "interfaces/", "resources/", "streams/", "url/")
# What is unpacked is in the name: a folder with less in it is of no use any more.
SUITE = WORK / f"suite-{VERSION}-{hashlib.sha256(' '.join(_WANTED).encode()).hexdigest()[:6]}"

# A binary package of the same source: the archive lies beside it, whether or not sources are configured.
_NEIGHBOUR = "libnode-dev"
_APT_HELPER = "/usr/lib/apt/apt-helper"


class Unavailable(Exception):
    """The suite cannot be had; the text has the reason and the remedy."""


def fetch(say: Callable[[str], None], suite: Path = SUITE) -> Path:
    """The folder of the suite, which is there when this returns. No network, and no message, when it was there before."""
    if suite.is_dir():
        return suite
    WORK.mkdir(parents=True, exist_ok=True)
    archive = WORK / ARCHIVE
    by_hand = archive.exists()
    if not by_hand:
        say(f"Fetching the web platform tests ({ARCHIVE}, 29 MB, once)")
        _download(archive)
    elif _sha256(archive) != SHA256:
        raise Unavailable(f"{archive} has another SHA-256 than {SHA256}; delete it to have it fetched again")
    with tempfile.TemporaryDirectory(dir=WORK, prefix="unpack-") as folder:
        unpacked = Path(folder) / "suite"
        _unpack(archive, unpacked)
        try:
            os.rename(unpacked, suite)
        except OSError:
            if not suite.is_dir():  # else another process was quicker
                raise
    if not by_hand:
        archive.unlink(missing_ok=True)
    return suite


# --- Getting the file ---


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folders(options: Sequence[str]) -> tuple[list[str], list[str]]:
    """Where the configured package sources keep the source of nodejs; and the versions they offer."""
    folders: list[str] = []
    versions: list[str] = []
    for line in _run("apt-cache", *options, "madison", _NEIGHBOUR).stdout.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 3 and columns[0] == _NEIGHBOUR and columns[1] not in versions:
            versions.append(columns[1])
    for version in versions:
        listed = _run("apt-get", *options, "download", "--print-uris", f"{_NEIGHBOUR}={version}").stdout
        for address in re.findall(r"^'([^']+)' ", listed, re.M):
            folder = address.rsplit("/", 1)[0]
            if folder not in folders:
                folders.append(folder)
    return folders, versions


# The lists, in a folder of our own. What the machine does after an update of its own lists is not for these.
_APT_CONF = """
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def _updated_lists() -> tuple[list[str], str]:
    """apt's options for fresh package lists of our own, and its output: the machine's are missing, or of no help."""
    folder = WORK / "apt"
    (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
    (folder / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
    configuration = folder / "apt.conf"
    configuration.write_text(_APT_CONF.format(folder=folder), encoding="utf-8")
    options = ["-c", str(configuration)]
    # Its exit code is of no interest: one source that fails is no matter if another has the file.
    return options, _run("apt-get", *options, *_sandbox(), "update").stdout


def _sandbox() -> list[str]:
    """apt's own user cannot write into the checkout of root; apt would fall back to root too, but complain."""
    return ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []


def _download(archive: Path) -> None:
    if not shutil.which("apt-get") or not os.access(_APT_HELPER, os.X_OK):
        raise Unavailable(f"there is no apt here to fetch {ARCHIVE} with, which contains the web platform tests.\n{_by_hand()}")
    words: list[str] = []
    versions: list[str] = []
    tried: list[str] = []
    partial = archive.with_name(f"{archive.name}.{os.getpid()}")
    options: list[str] = []
    output = ""
    try:
        for fresh in (False, True):
            if fresh:
                options, output = _updated_lists()
            folders, offered = _folders(options)
            versions += [version for version in offered if version not in versions]
            if fresh and not versions:
                words.append(output)
            for folder in folders:
                if folder in tried:
                    continue
                tried.append(folder)
                run = _run(_APT_HELPER, *options, *_sandbox(), "-o", "Acquire::Retries=3", "download-file",
                           f"{folder}/{ARCHIVE.replace('+', '%2b')}", str(partial), f"SHA256:{SHA256}")
                if run.returncode == 0 and partial.exists() and _sha256(partial) == SHA256:
                    partial.rename(archive)
                    return
                words.append(run.stdout)
    finally:
        partial.unlink(missing_ok=True)
        shutil.rmtree(WORK / "apt", ignore_errors=True)
    output = "\n".join(text.strip() for text in words if text.strip())
    offer = f"They offer nodejs {', '.join(versions)}." if versions else f"They offer no package {_NEIGHBOUR}."
    raise Unavailable(f"the configured package sources do not give {ARCHIVE}, which contains the web platform tests.\n{offer}\n"
                      f"apt's own words:\n\n{output}\n\n{_by_hand()}")


def _by_hand() -> str:
    return (f"Debian 12 has it, as a file of the source package nodejs. If you have it, put it into {WORK} and start again.\n"
            f"Its SHA-256 must be {SHA256}.")


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.partition(_INSIDE)[2]
            if not member.isfile() or not name.startswith(_WANTED) or ".." in name.split("/"):
                continue
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(member)
            assert source is not None  # it is a file
            with source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
    if not (folder / "resources/testharness.js").exists():
        raise Unavailable(f"{ARCHIVE} has no {_INSIDE}resources/testharness.js in it")


# --- What is in it ---

# What the suite's server has under another name than that of the file.
_SERVED_AS = {"/resources/WebIDLParser.js": "/resources/webidl2/lib/webidl2.js"}

_TEST = re.compile(r"\.(any|window|worker|sharedworker|serviceworker)\.js$|\.(html?|xht(ml)?|xml|svg)$")
_NOT_TESTS = {"resources", "support", "tools"}
_META = re.compile(r"//\s*META:\s*(\w+)=(.*?)\s*$")
# A shell is none of the suite's globals; it counts as the simplest of them.
_GLOBALS_LIKE_OURS = {"window", "worker", "dedicatedworker", "jsshell"}


class BadTest(Exception):
    """A test that asks for what cannot be."""


@dataclass
class Test:
    """One run of a test file."""
    id: str  # the file's path in the suite, with its variant: streams/piping/flow-control.any.js?x
    path: str
    variant: str = ""
    scripts: list[Path] = field(default_factory=list)
    seconds: int = 10


def test_files(suite: Path, scope: Iterable[str]) -> list[str]:
    """The paths of all test files, of whatever kind, in the files and folders of `scope`."""
    paths = []
    for place in scope:
        top = suite / place
        found = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
        for path in found:
            relative = path.relative_to(suite)
            if _TEST.search(path.name) and not _NOT_TESTS.intersection(relative.parts[:-1]):
                paths.append(relative.as_posix())
    return paths


def tests_of(suite: Path, path: str) -> list[Test]:
    """The runs that the lines `// META:` of the file ask for."""
    if not path.endswith(".any.js"):
        raise BadTest("only .any.js files can run in a shell")
    meta = []
    for line in (suite / path).read_text(encoding="utf-8").splitlines():
        match = _META.match(line)
        if not match:
            break
        meta.append(match.groups())
    scripts: list[Path] = []
    variants: list[str] = []
    seconds, wanted = 10, {"window", "dedicatedworker"}
    for key, value in meta:
        if key == "script":
            scripts.append(_script(suite, path, value))
        elif key == "timeout" and value == "long":
            seconds = 60
        elif key == "variant":
            variants.append(value)
        elif key == "global":
            wanted = {name.strip() for name in value.split(",")}
    if not wanted & _GLOBALS_LIKE_OURS:
        raise BadTest(f"it needs a global of the kind {' or '.join(sorted(wanted))}")
    return [Test(path + variant, path, variant, scripts, seconds) for variant in variants or [""]]


def _script(suite: Path, path: str, name: str) -> Path:
    place = _SERVED_AS.get(name, name)
    found = suite / place[1:] if place.startswith("/") else (suite / path).parent / place
    if not found.is_file():
        raise BadTest(f"its META script {name} is not in the suite")
    return found.resolve()
