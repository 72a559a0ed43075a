"""What a campaign measures besides findings: the speed of a target that does nothing, and the states of the stream that the corpus reaches.
Files of its folder, from which its page is made."""

import json
import os
from collections.abc import Mapping, Sequence

from sluice_dev.campaign.options import Options
from sluice_dev.common import targets as fuzz_targets
from sluice_dev.common.processes import Children
from sluice_dev.engines import afl, empty_speed
from sluice_dev.engines.engine_run import AFL


async def write_state_coverage(options: Options, children: Children, env: Mapping[str, str], tool: str, targets: Sequence[str]) -> None:
    """OUT/state-coverage.json. `tool`: sluice-fuzz. `targets`: whose corpora are read; inputs of the codec's are texts, not programs."""
    folders = [os.path.join(options.root, "corpus"), *(os.path.join(options.corpus, name) for name in targets)]
    code, text = await children.output([tool, "state-coverage", *filter(os.path.isdir, folders)], env=env, folder=options.out, seconds=120)
    if code in (0, 1):
        with open(os.path.join(options.out, "state-coverage.json"), "w", encoding="utf-8") as file:
            file.write(text)


async def write_empty_speed(options: Options, children: Children, env: Mapping[str, str]) -> None:
    """OUT/speed.json: {engine: executions a second of the empty target}."""
    max_len = fuzz_targets.of(empty_speed.TARGET).max_len
    speed = {}
    for engine in options.engines:
        fuzzers = options.fuzzers(engine)
        if engine == AFL:
            speed[engine] = await empty_speed.afl_speed(children, fuzzers, afl.environment(env, profile=None, mutator=None), max_len)
        else:
            speed[engine] = await empty_speed.libfuzzer_speed(children, fuzzers, env, max_len)
    with open(os.path.join(options.out, "speed.json"), "w", encoding="utf-8") as file:
        json.dump({engine: rate for engine, rate in speed.items() if rate}, file)
