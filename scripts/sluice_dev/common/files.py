"""Files that are whole or absent, whenever the process, the machine or the disk gives up."""

import json
import os
import shutil
from pathlib import Path
from typing import Any


def write_whole(path: Path, text: str) -> None:
    """Replaces the file. After a kill or an error it has its old content or the new one. Raises OSError that names `path`."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        error.filename = error.filename2 = None
        error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, data: object) -> None:
    write_whole(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """None if there is no such file, or none that is whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, ValueError):
        return None


def copy_whole(source: Path, target: Path) -> None:
    """Copies a folder. `target` is whole or absent; one that exists stays as it is."""
    if target.exists():
        return
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        shutil.copytree(source, partial, symlinks=True)
        os.rename(partial, target)
    except shutil.Error as error:  # copytree collects what went wrong with each file
        _, name, why = error.args[0][0]
        raise OSError(_number(why), why, name) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _number(words: str) -> int:
    """The errno in the text of an OSError, which is all that shutil.Error keeps."""
    inside = words.partition("[Errno ")[2].partition("]")[0]
    return int(inside) if inside.isdigit() else 0


def remove_partial(folder: Path) -> None:
    """What writers left that were killed. Only for the one process that may write in `folder` now."""
    for path in folder.rglob(".*.partial"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
