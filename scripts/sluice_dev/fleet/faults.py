"""scripts/faults: faults at every point of programs (fuzz/faults), in several processes."""

import asyncio
import os
import sys
import time

from sluice_dev.common import builds
from sluice_dev.common.arguments import Parser
from sluice_dev.common.paths import ROOT
from sluice_dev.common.processes import Children, run_async
from sluice_dev.common.result import tell

_BUILD = ROOT / "build/asan"
# The first job has the corpora, too; each of the others begins with that one.
_ALL = ("api_surface_fuzzer", "lifetime_fuzzer", "writable_stream_fuzzer", "reentrancy_fuzzer")
_ONE = ("lifetime_fuzzer",)
_SEEDS_OF_A_DAY, _SEEDS_OF_A_JOB = 1_000_000, 100_000


def command(job: int, seconds: int, seed: int) -> list[str]:
    folders = [f"corpus/{name}" for name in (_ALL if job == 0 else _ONE)]
    return [str(_BUILD / "fault_points"), "--seconds", str(seconds), "--seed", str(seed + job * _SEEDS_OF_A_JOB), *folders]


def verdict(codes: list[int]) -> int:
    """A job that ended in any other way than the tool's own is a crash under the sanitizers: a finding."""
    return max(code if 0 <= code <= 2 else 1 for code in codes)


async def run_all(commands: list[list[str]]) -> list[int]:
    children = Children()

    def write(data: bytes) -> None:
        sys.stdout.write(data.decode(errors="surrogateescape"))
        sys.stdout.flush()

    async def run(words: list[str]) -> int:
        return await (await children.start(words, env=os.environ, folder=ROOT)).read(write)
    try:
        return await asyncio.gather(*map(run, commands))
    finally:
        children.kill()


def main(arguments: list[str]) -> int:
    parser = Parser("scripts/faults")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=int(time.time()) // 86400 * _SEEDS_OF_A_DAY)
    options = parser.parse(arguments)
    if options.words:
        parser.error(f"unknown argument {options.words[0]}")
    for name, least in (("seconds", 0), ("jobs", 1), ("seed", 0)):
        if getattr(options, name) < least:
            parser.error(f"--{name} {getattr(options, name)}: {least} is the least")
    builds.prepare()
    builds.build("asan", "fault_points")
    builds.export_sanitizer_options()
    codes = run_async(run_all([command(job, options.seconds, options.seed) for job in range(options.jobs)]))
    tell(seed=options.seed, exit_codes=codes)
    return verdict(codes)
