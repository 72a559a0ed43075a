"""What lies beside a fuzz target in a fleet: its seeds, its options and its dictionary, as a campaign of ours gives them to it.

    ossfuzz-files TARGET PROGRAM_DICTIONARY OUT

Seeds go as they are, readable: every target over programs reads text too. Files of the target's own, fuzz/targets/TARGET.dict and
fuzz/targets/TARGET.options, are put there, the latter's lines after those that are made here.
"""

import configparser
import shutil
import zipfile
from pathlib import Path

from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT

_TIME = (1980, 1, 1, 0, 0, 0)  # the same seeds give the same archive


def seeds_of(target: str) -> list[Path]:
    folders = [ROOT / "corpus" / name for name in fuzz_targets.of(target).corpus_folders]
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "README.md"]


def write_seeds(target: str, archive: Path) -> int:
    seeds = seeds_of(target)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for seed in seeds:
            # One folder, as engines want it: the folder's name tells apart seeds of the same name.
            name = "-".join(seed.relative_to(ROOT / "corpus").parts)
            file.writestr(zipfile.ZipInfo(name, _TIME), seed.read_bytes(), zipfile.ZIP_DEFLATED)
    return len(seeds)


def options_of(target: str) -> configparser.ConfigParser:
    options = configparser.ConfigParser()
    options["libfuzzer"] = {"max_len": str(fuzz_targets.of(target).max_len)}
    options.read(ROOT / "fuzz/targets" / f"{target}.options")
    return options


def write(target: str, program_dictionary: Path, out: Path) -> None:
    seeds = write_seeds(target, out / f"{target}_seed_corpus.zip")
    own = ROOT / "fuzz/targets" / f"{target}.dict"
    # Engines that do not know our mutator (AFL++ in a fleet) change the text of programs.
    dictionary = own if own.exists() else program_dictionary if any(s.suffix == ".ops" for s in seeds_of(target)) else None
    options = options_of(target)
    if dictionary:
        shutil.copyfile(dictionary, out / f"{target}.dict")
        options["libfuzzer"]["dict"] = f"{target}.dict"
    with (out / f"{target}.options").open("w", encoding="utf-8") as file:
        options.write(file, space_around_delimiters=False)
    print(f"{target}: {seeds} seeds, {dictionary.name if dictionary else 'no dictionary'}")


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        raise CannotRun("ossfuzz-files: name the target, its dictionary and the folder")
    write(arguments[0], Path(arguments[1]), Path(arguments[2]))
    return 0
