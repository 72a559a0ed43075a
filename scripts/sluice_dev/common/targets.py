"""All that is known of fuzz targets: fuzz/targets/targets.json, whose fields fuzz/targets/README.md explains.

    targets FIELD [NAME...]    # a line for each target, or each that is named: its name and the field

For a target that the table does not have (tests make some), everything is the default.
"""

import dataclasses
import json
import sys
from typing import Any

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT

TABLE = ROOT / "fuzz/targets/targets.json"


@dataclasses.dataclass(frozen=True)
class FuzzTarget:
    name: str
    inputs: str = "programs"
    profile: str | None = None  # None: bytes are mutated as bytes
    judged: str = "core"
    seeds: tuple[str, ...] = ()
    promoted_to: str = ""
    max_len: int = 384
    weight: int = 1
    default: bool = True
    fleet: bool = True
    v8: bool = False
    links: tuple[str, ...] = ()
    smoke_runs: int = 0

    @property
    def is_canary(self) -> bool:
        return self.judged == "canary"

    @property
    def has_programs(self) -> bool:
        """Whether its inputs are programs, or text that should be one: `sluice-fuzz` reads them."""
        return self.inputs != "bytes"

    @property
    def needs_dictionary(self) -> bool:
        """Of the words of the program language; fuzz/targets/NAME.dict is used without a flag."""
        return self.inputs == "texts"

    @property
    def corpus_folders(self) -> tuple[str, ...]:
        """Folders of corpus/ with its seeds, its own first."""
        return (self.name, *self.seeds)

    @property
    def judge_flags(self) -> list[str]:
        """Of `sluice-fuzz` for its programs."""
        return [] if self.judged == "core" else [f"--{self.judged}"]


def _read() -> dict[str, FuzzTarget]:
    found = {}
    for row in json.loads(TABLE.read_text(encoding="utf-8"))["targets"]:
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
        try:
            target = FuzzTarget(**values)
        except TypeError as error:
            raise CannotRun(f"{TABLE}: {row.get('name', row)}: {error}; fuzz/targets/README.md has the fields") from error
        wrong = [field.name for field in dataclasses.fields(FuzzTarget) if not _fits(getattr(target, field.name), field.default)]
        if wrong:
            raise CannotRun(f"{TABLE}: {target.name}: a wrong value of {', '.join(wrong)}")
        if (target.profile is None) == (target.inputs == "programs"):
            raise CannotRun(f"{TABLE}: {target.name}: a profile is for inputs that are mutated as programs, and for no others")
        found[target.name] = target
    return found


def _fits(value: object, default: object) -> bool:
    return default in (dataclasses.MISSING, None) or type(value) is type(default)


ALL: dict[str, FuzzTarget] = _read()


def of(name: str) -> FuzzTarget:
    return ALL.get(name) or FuzzTarget(name)


def default(names: list[str]) -> list[str]:
    """Of `names`, those that are fuzzed by default."""
    return [name for name in names if of(name).default]


def main(arguments: list[str]) -> int:
    fields = [field.name for field in dataclasses.fields(FuzzTarget)]
    if not arguments or arguments[0] not in fields:
        raise CannotRun(f"the first argument is a field: {' '.join(fields)}")
    for name in arguments[1:] or ALL:
        value = getattr(of(name), arguments[0])
        sys.stdout.write(f"{name} {' '.join(value) if isinstance(value, tuple) else value}\n")
    return 0
