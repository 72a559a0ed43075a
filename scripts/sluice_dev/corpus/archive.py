"""scripts/corpus: packs the grown corpora into one file, and takes them out of it again.

The file is a tar.gz. Its first member is manifest.json, which has the SHA-256 of every input; the others are TARGET/NAME. The same corpora
give the same file, byte for byte. Nothing of the file is believed: names, kinds and sizes are looked at, and nothing is written before
all of it was read and fits the manifest.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile

from sluice_dev.common.display import number, say, shown
from sluice_dev.common.errors import CannotRun

VERSION = 1
_MANIFEST = "manifest.json"
# Inputs are named by their hash, by AFL++ or by hand.
_NAME = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_][A-Za-z0-9._,:+@-]*")
_MOST_ENTRIES = 1_000_000
_MOST_ENTRY_BYTES = 1 << 20
_MOST_BYTES = 2 << 30


class Bad(CannotRun):
    """The file is no corpus, or is damaged."""


def inputs(corpus):
    """(TARGET/NAME, path), in order."""
    for target in sorted(os.listdir(corpus)):
        folder = os.path.join(corpus, target)
        if target.startswith(".") or not os.path.isdir(folder):
            continue
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if _NAME.fullmatch(f"{target}/{name}") and os.path.isfile(path) and os.path.getsize(path) <= _MOST_ENTRY_BYTES:
                yield f"{target}/{name}", path


def _add(archive, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def pack(corpus, path):
    """The manifest's inputs, by target: how many. A campaign may be running."""
    contents = {}
    for name, source in inputs(corpus):
        try:
            with open(source, "rb") as file:
                contents[name] = file.read()
        except FileNotFoundError:
            continue  # replaced by a smaller one just now
    if not contents:
        raise Bad(f"{shown(corpus)}: there is no corpus to pack")
    manifest = {"version": VERSION, "inputs": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}}
    handle, temporary = tempfile.mkstemp(prefix=".pack-", dir=os.path.dirname(os.path.abspath(path)))
    try:
        with open(handle, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as zipped, \
                tarfile.open(mode="w", fileobj=zipped, format=tarfile.USTAR_FORMAT) as archive:
            _add(archive, _MANIFEST, json.dumps(manifest, sort_keys=True).encode())
            for name, data in contents.items():
                _add(archive, name, data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return contents


def read(path):
    """All inputs of the file, by name. Raises Bad if anything about it is not as pack() makes it."""
    contents = {}
    manifest = None
    total = 0
    try:
        # Whole, so that its checksum is looked at too.
        with gzip.open(path) as zipped:
            data = zipped.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise Bad("is larger than any corpus")
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                total += member.size
                if not member.isfile():
                    raise Bad(f"has {member.name!r}, which is no plain file")
                if len(contents) >= _MOST_ENTRIES or total > _MOST_BYTES:
                    raise Bad("is larger than any corpus")
                if manifest is None:
                    if member.name != _MANIFEST:
                        raise Bad("does not begin with a manifest, so it was not made by scripts/corpus pack")
                    manifest = json.loads(archive.extractfile(member).read())
                    continue
                if not _NAME.fullmatch(member.name) or member.name in contents:
                    raise Bad(f"has {member.name!r}, which is no name of an input")
                if member.size > _MOST_ENTRY_BYTES:
                    raise Bad(f"has {member.name!r} with {member.size} bytes: no input is so large")
                contents[member.name] = archive.extractfile(member).read()
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
        raise Bad("does not hold what its manifest says: it is damaged")
    return contents


def restore(path, corpus):
    """Adds the file's inputs to the corpora; none is replaced or removed. How many were new."""
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
            os.replace(temporary, place)
            new += 1
    return contents, new


def _counts(contents):
    targets = {}
    for name in contents:
        targets[name.split("/")[0]] = targets.get(name.split("/")[0], 0) + 1
    return ", ".join(f"{target} {number(count)}" for target, count in sorted(targets.items()))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/corpus", allow_abbrev=False)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("what", choices=("pack", "restore"))
    parser.add_argument("file")
    options = parser.parse_args(arguments)
    try:
        if options.what == "pack":
            if not os.path.isdir(options.corpus):
                raise Bad(f"{shown(options.corpus)}: there is no corpus to pack")
            contents = pack(options.corpus, options.file)
            say(f"Packed {number(len(contents))} inputs into {shown(options.file)}, {number(os.path.getsize(options.file))} bytes: {_counts(contents)}")
        else:
            contents, new = restore(options.file, options.corpus)
            say(f"Restored {number(new)} inputs into {shown(options.corpus)}; {number(len(contents) - new)} were there. In the file: {_counts(contents)}")
    except OSError as error:
        raise CannotRun(f"{error.filename or options.file}: {error.strerror}") from error
    return 0
