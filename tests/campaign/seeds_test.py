"""A campaign's plan fits the target: every seed is read whole (the engine cuts what is longer than -max_len), and AFL++ mutates
programs with the profile that the target names for libFuzzer.

    seeds_test.py SOURCE_DIR
"""

import re
import sys
from pathlib import Path

SOURCE = Path(sys.argv[1])
sys.path.insert(0, str(SOURCE / "scripts"))

from sluice_dev.campaign import campaign  # noqa: E402  pylint: disable=wrong-import-position


def profile_in_source(target):
    """balanced for a target that says BalancedProfile(); None for one that mutates bytes."""
    match = re.search(r"SLUICE_PROGRAM_TARGET\(sluice::fuzz::(\w+)Profile\(\)", (SOURCE / f"fuzz/targets/{target}.cc").read_text())
    return re.sub(r"(?<!^)([A-Z])", r"-\1", match[1]).lower() if match else None


def main() -> int:
    targets = [path.stem for path in (SOURCE / "fuzz/targets").glob("*_fuzzer.cc")]
    read = 0
    cut = []
    for target in targets:
        plan = campaign.PLANS.get(target, campaign.Plan())
        if plan.profile != profile_in_source(target):
            cut.append(f"{target} has the profile {profile_in_source(target)} in its source, and {plan.profile} in PLANS")
        for folder in (target, *plan.more_seeds):
            for seed in (SOURCE / "corpus" / folder).glob("*"):
                read += 1
                if seed.stat().st_size > plan.max_len:
                    cut.append(f"{seed.relative_to(SOURCE)} has {seed.stat().st_size} bytes; {target} reads {plan.max_len}")
    print("\n".join(cut) or f"{read} seeds are read whole")
    return 1 if cut or read == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
