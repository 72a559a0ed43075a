"""OUT/samples.jsonl: how a campaign went over time, for charts. Written while it runs, one JSON object a line, readable at any moment.

    {"seconds": 12.3,
     "targets": {"writable_stream_fuzzer": {
       "findings": 1, "corpus": 841,
       "engines": {"libfuzzer": {"executions": 301211, "rate": 30120, "running": 1, "cov": 1201, "ft": 5120, "corpus": 633},
                   "afl": {"executions": 151322, "rate": 15120, "running": 0, "edges": 988, "corpus": 421}}}}}

`seconds` since fuzzing began (building and shrinking are not in it). Every target and every engine of the campaign is in every
line, from the first (seconds 0.0, all zeros) to the last (the end of fuzzing). Of each target:

  findings     identities found so far by any engine; the canary is none
  corpus       entries of its shared corpus (build/corpus/TARGET or OUT/corpus/TARGET); 0 for the canary, which has none

and of each engine:

  executions   so far in this campaign; never falls
  rate         executions a second of its running processes together, 0 when none runs
  running      its processes at this moment: targets take turns
  cov, ft      libFuzzer only: edges and features reached so far (the best process's word); never fall
  edges        AFL++ only: edges reached so far, likewise. The engines number edges differently: not comparable with cov
  corpus       entries of the engine's own corpus; may fall, as libFuzzer replaces entries by smaller ones

At most about LINES lines: the interval is longer in longer campaigns.
"""

import json
from collections.abc import Mapping

LINES = 900
SHORTEST_INTERVAL_SECONDS = 2


def interval(seconds: float) -> float:
    """Seconds between two lines of a campaign of that length."""
    return max(SHORTEST_INTERVAL_SECONDS, seconds / LINES)


class Samples:
    """The file. `targets` of write() is what is documented above."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "w", encoding="utf-8")

    def write(self, seconds: float, targets: Mapping[str, object]) -> None:
        self._file.write(json.dumps({"seconds": round(seconds, 1), "targets": targets}) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
