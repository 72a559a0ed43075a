"""The speed of the engines with a target that does nothing, in the same build and on the same machine: the baseline on the page of a
campaign. One process, a few seconds, after the fuzzing."""

import os
import tempfile
from collections.abc import Mapping

from sluice_dev.common.processes import Children
from sluice_dev.engines import afl
from sluice_dev.engines import libfuzzer

SECONDS = 2
TARGET = "empty_fuzzer"


async def libfuzzer_speed(children: Children, fuzzers: str, env: Mapping[str, str], max_len: int, seconds: int = SECONDS) -> int | None:
    """Executions a second; None if it could not be measured."""
    binary = os.path.join(fuzzers, TARGET)
    if not os.path.exists(binary):
        return None
    with tempfile.TemporaryDirectory(prefix="sluice-empty-") as folder:
        os.mkdir(os.path.join(folder, "corpus"))
        command = libfuzzer.fuzz_command(binary, seconds=seconds - 2, artifacts=folder, folders=[os.path.join(folder, "corpus")],
                                         max_len=max_len)
        output = libfuzzer.Output("/")
        code, text = await children.output(command, env=env, folder=folder, seconds=30)
        output.add(text.encode())
        output.finish()
    return round(output.executions / seconds) if code == 0 and output.executions else None


async def afl_speed(children: Children, fuzzers: str, env: Mapping[str, str], max_len: int, seconds: int = SECONDS) -> int | None:
    """Likewise; `env` is for afl-fuzz."""
    binary = os.path.join(fuzzers, TARGET)
    if not os.path.exists(binary):
        return None
    with tempfile.TemporaryDirectory(prefix="sluice-empty-") as folder:
        seeds = os.path.join(folder, "seeds")
        afl.make_seeds(seeds, [])
        instance = afl.Instance(os.path.join(folder, "out"), "main")
        command = instance.command(binary, seconds=seconds - 30, seeds=seeds, corpus=None, max_len=max_len)
        await children.output(command, env=env, folder=folder, seconds=60)
        stats = instance.stats()
    try:
        return round(float(stats["execs_per_sec"]))
    except (KeyError, ValueError):
        return None
