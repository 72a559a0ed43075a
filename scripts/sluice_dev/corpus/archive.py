"""scripts/corpus: packs the grown corpora into one file, and takes them out of it again.

The file is a tar.gz. Its first member is manifest.json, which has the SHA-256 of every input; the others are the inputs, by their paths. The
same corpora give the same file, byte for byte. Nothing of the file is believed: names, kinds and sizes are looked at, and nothing is written
before all of it was read and fits the manifest.
"""

import errno
import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
from typing import IO, cast

from sluice_dev.common.arguments import Parser
from sluice_dev.common.display import number, say, shown
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import grown_corpora
from sluice_dev.common.result import tell
from sluice_dev.common.streams import words_of
from sluice_dev.corpus.files import entries

VERSION = 1
_MANIFEST = "manifest.json"
_MOST_ENTRIES = 1_000_000
_MOST_BYTES = 2 << 30
# What scripts that are running, or were killed, leave beside the folders of targets; no inputs.
_SCRATCH = (".lock", ".minimize-", ".restore-", ".export-")


class Bad(CannotRun):
    """The file is no corpus, or is damaged."""


def is_name(name: str) -> bool:
    """Whether it may be an input's: a path that stays inside. The first part has no dot in front, as the folders of tools have."""
    parts = name.split("/")
    return name != _MANIFEST and not name.startswith(".") and "\0" not in name and all(part not in ("", ".", "..") for part in parts)


def inputs(corpus: str, left_out: list[tuple[str, str]]) -> dict[str, bytes]:
    """All of them, by name. `left_out`: what is none, and why."""
    contents: dict[str, bytes] = {}
    total = 0
    for entry in entries(corpus):
        if entry.name.startswith(_SCRATCH):
            continue
        why = entry.why
        if not why and not is_name(entry.name):
            why = "no name of an input" if entry.name == _MANIFEST else "the corpus of a target has no dot in front of its name"
        if not why and total + entry.size > _MOST_BYTES:
            why = f"with its {number(entry.size)} bytes the corpus is larger than {number(_MOST_BYTES)}"
        if not why and len(contents) >= _MOST_ENTRIES:
            why = f"there are {number(_MOST_ENTRIES)} inputs without it"
        if why:
            left_out.append((entry.name, why))
            continue
        try:
            with open(entry.path, "rb") as file:
                contents[entry.name] = file.read()
        except FileNotFoundError:
            continue  # replaced by a smaller one just now
        total += len(contents[entry.name])
    return contents


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def pack(corpus: str, path: str) -> tuple[dict[str, bytes], list[tuple[str, str]]]:
    """The inputs, and what was left out and why. A campaign may be running."""
    left_out: list[tuple[str, str]] = []
    contents = inputs(corpus, left_out)
    if not contents and not left_out:
        raise Bad(f"{shown(corpus)}: there is no corpus to pack")
    manifest = {"version": VERSION, "inputs": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}}
    handle, temporary = tempfile.mkstemp(prefix=".pack-", dir=os.path.dirname(os.path.abspath(path)))
    try:
        with open(handle, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as zipped, \
                tarfile.open(mode="w", fileobj=cast(IO[bytes], zipped), format=tarfile.GNU_FORMAT, encoding="utf-8",
                             errors="surrogateescape") as archive:
            _add(archive, _MANIFEST, json.dumps(manifest, sort_keys=True).encode())
            for name, data in contents.items():
                _add(archive, name, data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return contents, left_out


def read(path: str) -> dict[str, bytes]:
    """All inputs of the file, by name. Raises Bad if anything about it is not as pack() makes it."""
    contents: dict[str, bytes] = {}
    manifest = None
    total = 0
    try:
        # Whole, so that its checksum is looked at too.
        with gzip.open(path) as zipped:
            data = zipped.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise Bad("is larger than any corpus")
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
            for member in archive:
                total += member.size
                if not member.isfile():
                    raise Bad(f"has {member.name!r}, which is no plain file")
                if len(contents) >= _MOST_ENTRIES or total > _MOST_BYTES:
                    raise Bad("is larger than any corpus")
                if manifest is None:
                    if member.name != _MANIFEST:
                        raise Bad("does not begin with a manifest, so it was not made by scripts/corpus pack")
                    manifest = json.loads(cast(IO[bytes], archive.extractfile(member)).read())
                    continue
                if not is_name(member.name) or member.name in contents:
                    raise Bad(f"has {member.name!r}, which is no name of an input")
                contents[member.name] = cast(IO[bytes], archive.extractfile(member)).read()
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, ValueError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile) and error.errno is not None:
            raise
        raise Bad(f"is damaged, or is no tar.gz: {error}") from error
    except Exception as error:  # zlib.error has no other base
        if isinstance(error, Bad):
            raise
        raise Bad(f"is damaged: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("version") != VERSION or not isinstance(manifest.get("inputs"), dict):
        raise Bad("is empty, or was made by another version of scripts/corpus")
    if {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()} != manifest["inputs"]:
        raise Bad("does not hold what its manifest lists: it is damaged")
    return contents


def restore(path: str, corpus: str) -> tuple[dict[str, bytes], int]:
    """Adds the file's inputs to the corpora; none is replaced or removed. The inputs, and how many were new."""
    try:
        contents = read(path)
    except Bad as error:
        raise Bad(f"{shown(path)} {error}. Nothing was restored") from error
    new = 0
    os.makedirs(corpus, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=corpus) as scratch:
        for name, data in contents.items():
            place = os.path.join(corpus, name)
            if os.path.lexists(place):
                continue
            temporary = os.path.join(scratch, "input")
            with open(temporary, "wb") as file:
                file.write(data)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            _move(temporary, place)
            new += 1
    return contents, new


def _move(temporary: str, place: str) -> None:
    try:
        os.replace(temporary, place)
    except OSError as error:
        if error.errno != errno.EXDEV:  # the folder of the target is a link to another disk
            raise
        beside = os.path.join(os.path.dirname(place), ".restore-input")
        shutil.copyfile(temporary, beside)
        os.replace(beside, place)


def _counts(contents: dict[str, bytes]) -> str:
    targets: dict[str, int] = {}
    for name in contents:
        target = name.split("/")[0] if "/" in name else "of no target"
        targets[target] = targets.get(target, 0) + 1
    return ", ".join(f"{target} {number(count)}" for target, count in sorted(targets.items()))


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/corpus")
    parser.add_argument("--corpus", default=grown_corpora())
    options = parser.parse(arguments)
    if len(options.words) != 2 or options.words[0] not in ("pack", "restore"):
        parser.error("name pack or restore, and one file")
    try:
        return run(options.words[0], options.words[1], options.corpus)
    except OSError as error:
        raise CannotRun(words_of(error, options.words[1] if options.words[0] == "pack" else options.corpus)) from error


def run(what: str, path: str, corpus: str) -> int:
    if what == "restore":
        contents, new = restore(path, corpus)
        tell(file=path, corpus=corpus, inputs=len(contents), new=new)
        say(f"Restored {number(new)} inputs into {shown(corpus)}; {number(len(contents) - new)} were there. In the file: {_counts(contents)}")
        return 0
    if not os.path.isdir(corpus):
        raise Bad(f"{shown(corpus)}: there is no corpus to pack")
    contents, left_out = pack(corpus, path)
    tell(file=path, corpus=corpus, inputs=len(contents), left_out=[{"name": name, "why": why} for name, why in left_out])
    say(f"Packed {number(len(contents))} inputs into {shown(path)}, {number(os.path.getsize(path))} bytes: {_counts(contents)}")
    for name, why in left_out:
        sys.stderr.write(f"scripts/corpus: {shown(os.path.join(corpus, name))} was left out: {why}\n")
    return 1 if left_out else 0
