"""scripts/nightly.toml: what a night does unless a flag says otherwise."""

import tomllib
from pathlib import Path
from typing import Any

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT

DEFAULT = ROOT / "scripts/nightly.toml"
MODES = ("off", "dry-run", "write")


def read(path: Path, stages: list[str]) -> dict[str, dict[str, Any]]:
    """The file's values over those of scripts/nightly.toml, which has every key. Raises CannotRun that names the key that is wrong."""
    values = _load(DEFAULT)
    if path != DEFAULT:
        for section, table in _load(path).items():
            if not isinstance(table, dict) or section not in values:
                raise CannotRun(f"{path}: there is no [{section}]; there are: {', '.join(values)}")
            for key, value in table.items():
                if key not in values[section]:
                    raise CannotRun(f"{path}: [{section}] has no {key}; it has: {', '.join(values[section])}")
                wanted = values[section][key]
                if type(value) is not type(wanted):
                    raise CannotRun(f"{path}: {section}.{key}: {value!r} should be {_KINDS[type(wanted)]}")
                values[section][key] = value
    _check(path, values, stages)
    return values


_KINDS = {int: "a whole number", str: "a text in quotes", list: "a list in brackets"}


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotRun(f"--config {path}: {error.strerror or error}") from error
    except ValueError as error:  # of TOML, or of UTF-8
        raise CannotRun(f"{path}: {error}") from error


def _check(path: Path, values: dict[str, dict[str, Any]], stages: list[str]) -> None:
    if unknown := [name for name in values["night"]["skip"] if name not in stages]:
        raise CannotRun(f"{path}: night.skip: there is no stage {unknown[0]!r}; there are: {', '.join(stages)}")
    if values["issues"]["mode"] not in MODES:
        raise CannotRun(f"{path}: issues.mode: {values['issues']['mode']!r} should be one of {', '.join(MODES)}")
    for section, key in (("night", "jobs"), ("night", "free_mib"), ("bisect", "seconds")):
        if values[section][key] < 0:
            raise CannotRun(f"{path}: {section}.{key}: {values[section][key]} should be 0 or more")
    for key in ("out", "corpus", "history"):
        if not values["paths"][key]:
            raise CannotRun(f"{path}: paths.{key}: should name a folder")
