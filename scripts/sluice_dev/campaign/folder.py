"""A campaign's folder: one campaign at a time; files of an earlier one are set aside."""

import os

from sluice_dev.common.display import shown

# What campaigns write there. Nothing else is touched: the folder may be anybody's.
RESULTS = ("findings", "canary_fuzzer", "crashing", "suppressed", "afl", "findings.sarif", "index.html", "summary.json", "campaign.json", "samples.jsonl",
           "state-coverage.json", "speed.json", "program.dict")
SCRATCH = "artifacts-"  # of a campaign that was killed: inputs that it had not looked at yet
EARLIER = "earlier"


def set_aside(out: str) -> str:
    """Moves what an earlier campaign left in the folder to earlier/1, earlier/2, ... Says where, if there was anything."""
    left = [name for name in sorted(os.listdir(out)) if name in RESULTS or name.startswith(SCRATCH)]
    if not left:
        return ""
    number = 1
    while os.path.lexists(os.path.join(out, EARLIER, str(number))):
        number += 1
    place = os.path.join(out, EARLIER, str(number))
    os.makedirs(place)
    for name in left:
        os.rename(os.path.join(out, name), os.path.join(place, name))
    return f"What an earlier campaign left in this folder is in {shown(place)}"
