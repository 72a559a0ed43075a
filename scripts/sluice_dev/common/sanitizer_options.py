"""The options of sanitizers/, where each has its reason.

    sanitizer_options.joined("asan.options")                # "a=1:b=2", as ASAN_OPTIONS wants it
    sanitizer_options.joined("asan.options", "mutants")     # those of its section besides
    sanitizer_options.flags("libfuzzer.options", prefix="-")
    sanitizer_options.read("libfuzzer.options")["timeout"]
"""

from sluice_dev.common.paths import ROOT

FOLDER = ROOT / "sanitizers"


def read(name: str, *sections: str) -> dict[str, str]:
    """Raises KeyError for a section that is not there."""
    found = {}
    section: str | None = None
    known: set[str] = set()
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            known.add(section)
        elif "=" in line and not line.startswith("#") and (section is None or section in sections):
            option, value = line.strip().split("=", 1)
            found[option] = value
    for each in sections:
        if each not in known:
            raise KeyError(f"sanitizers/{name} has no section [{each}]")
    return found


def joined(name: str, *sections: str) -> str:
    return ":".join(f"{option}={value}" for option, value in read(name, *sections).items())


def flags(name: str, *sections: str, prefix: str) -> list[str]:
    return [f"{prefix}{option}={value}" if value else f"{prefix}{option}" for option, value in read(name, *sections).items()]
