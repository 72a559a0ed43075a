"""The table of targets fits the sources: each target has a line and each line a target, and every seed is read whole (the engine cuts what
is longer than -max_len).

    seeds_test.py SOURCE_DIR
"""

import sys
from pathlib import Path

SOURCE = Path(sys.argv[1])
sys.path.insert(0, str(SOURCE / "scripts"))

from sluice_dev.common import targets as fuzz_targets  # noqa: E402  pylint: disable=wrong-import-position


def main() -> int:
    targets = [path.stem for path in (SOURCE / "fuzz/targets").glob("*_fuzzer.cc")]
    read = 0
    cut = []
    cut += [f"{name} is in targets.json or in fuzz/targets, and not in both" for name in sorted(set(targets) ^ set(fuzz_targets.ALL))]
    for target in targets:
        plan = fuzz_targets.of(target)
        for folder in plan.corpus_folders:
            for seed in (SOURCE / "corpus" / folder).glob("*"):
                read += 1
                if seed.stat().st_size > plan.max_len:
                    cut.append(f"{seed.relative_to(SOURCE)} has {seed.stat().st_size} bytes; {target} reads {plan.max_len}")
    print("\n".join(cut) or f"{read} seeds are read whole")
    return 1 if cut or read == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
