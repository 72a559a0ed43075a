"""The programs that runtimes are compared by, with the traces that the core expects, from the testbed's own command.

    programs = Programs(sluice, seed=1, count=2000, profile="all")
    for number in range(programs.chunks): programs.chunk(number)    # lists of examples: name, text, program, traces

Chunks are cached in build/runtimes/programs and are the same for every runtime. Three of five are mutations of the corpus, which reach
further than random programs do; profiles take turns; and every other chunk is at rest: it waits for all microtasks wherever a program
waits for some, so that what differs there is not only the number of microtasks.
"""

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.runtimes import table

CHUNK = 400
PROFILES = ("balanced", "reentrancy", "buffer_limit")
MIX = ("mutated", "random", "mutated", "mutated", "random")
CACHE = table.STORE / "programs"
MODELS = ("webidl", "promise-resolve", "promise-resolve-start")


class NotPortable(CannotRun):
    """These programs cannot be expressed in JavaScript."""


def expected(example: dict[str, Any], model: str) -> list[str]:
    """The trace in a tick model, without line numbers."""
    trace = example["traces"].get(model, example["traces"][MODELS[0]])
    return [line[6:] for line in trace.rstrip("\n").split("\n")]


def examples_of(sluice: Path, files: list[str], arguments: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    run = subprocess.run([str(sluice), "batch", *arguments, "--", *files], stdout=subprocess.PIPE, check=False)
    if run.returncode != 0:
        raise NotPortable("the programs could not be read")  # the command has printed which and why
    return [json.loads(line) for line in run.stdout.splitlines()]


def examples_of_texts(sluice: Path, texts: list[str], names: list[str] | None = None) -> list[dict[str, Any]]:
    """Programs as text; what cannot be expressed in JavaScript is missing."""
    with tempfile.TemporaryDirectory(prefix="sluice-") as folder:
        files = []
        for number, text in enumerate(texts):
            file = Path(folder) / f"{number}.ops"
            file.write_text(text)
            files.append(str(file))
        found = examples_of(sluice, files) if files else []
        for example in found:
            number = int(Path(example["name"]).stem)
            example["name"] = names[number] if names else f"program {number + 1}"
        return found


def seeds() -> list[str]:
    """The readable programs of the corpus."""
    return sorted(str(file) for name in ("writable_stream", "reentrancy", "buffer_limit")
                  for file in (ROOT / f"corpus/{name}_fuzzer").glob("*.ops"))


class Programs:
    def __init__(self, sluice: Path, seed: int = 1, count: int = 1000, profile: str = "all", files: list[str] | None = None,
                 for_sluice: bool = False) -> None:
        self.sluice = sluice
        profiles = PROFILES if profile == "all" else (profile,)
        self._kinds = [(kind, profiles[number % len(profiles)]) for number in range(len(profiles)) for kind in MIX]
        self._corpus = [] if files else seeds()
        self._seed = seed
        self.count = count
        self._for_sluice = ("--for-sluice",) if for_sluice else ()
        self._files: list[dict[str, Any]] | None = examples_of(sluice, files, self._for_sluice) if files else None
        # Of what the command makes, not of the command: one that was built anew makes the same.
        digest = hashlib.sha256(Path(__file__).read_bytes())
        samples = [examples_of(sluice, self._corpus or seeds()), *(examples_of(sluice, [], ("--count", "5", "--profile", one)) for one in PROFILES)]
        digest.update(json.dumps([samples, self._files, seed, profile, for_sluice]).encode())
        self.key = digest.hexdigest()[:16]

    @property
    def chunks(self) -> int:
        return 1 if self._files is not None else -(-self.count // CHUNK)

    def chunk(self, number: int) -> list[dict[str, Any]]:
        if self._files is not None:
            return self._files
        size = min(CHUNK, self.count - number * CHUNK)
        file = CACHE / self.key / f"{number}-{size}.jsonl"
        if not file.exists():
            kind, profile = self._kinds[number // 2 % len(self._kinds)]
            mutations = kind == "mutated" and not self._for_sluice
            found = examples_of(self.sluice, self._corpus if mutations else [], (
                *self._for_sluice, "--seed", str(self._seed + number // 2 * CHUNK), "--count", str(size), "--profile", profile,
                *(["--mutate"] if mutations else []), *(["--at-rest"] if number % 2 == 0 else [])))
            for example in found:
                example["name"] += " at rest" if number % 2 == 0 else ""
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as out:
                out.writelines(json.dumps(example) + "\n" for example in found)
            Path(out.name).replace(file)
        return [json.loads(line) for line in file.read_text().splitlines()]
