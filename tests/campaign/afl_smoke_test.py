"""A target under AFL++, from its seeds: it runs, finds entries of its own, and nothing else. The canary is found, from nothing.

    afl_smoke_test.py SOURCE_DIR BUILD_DIR TARGET
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE, BUILD, TARGET = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
sys.path.insert(0, str(SOURCE / "scripts"))

from sluice_dev.engines import afl  # noqa: E402  pylint: disable=wrong-import-position
from sluice_dev.common import targets as fuzz_targets  # noqa: E402  pylint: disable=wrong-import-position

EXECUTIONS = 3000
V8_EXECUTIONS = 200  # each takes as long as ten of the others and more
CANARY_EXECUTIONS = 500_000
# Those of a stage are counted when it ends.
LEAST_SHARE = 0.5


def main():
    plan = fuzz_targets.of(TARGET)
    with tempfile.TemporaryDirectory() as folder:
        names = () if plan.is_canary else plan.corpus_folders
        folders = [path for name in names if (path := SOURCE / "corpus" / name).is_dir()]
        afl.make_seeds(os.path.join(folder, "seeds"), folders)
        instance = afl.Instance(os.path.join(folder, "afl"), "s1")  # which trims
        binary = BUILD / "fuzzers" / TARGET
        command = instance.command(str(binary), seconds=200, seeds=os.path.join(folder, "seeds"), corpus=None, max_len=plan.max_len)
        executions = CANARY_EXECUTIONS if plan.is_canary else V8_EXECUTIONS if plan.v8 else EXECUTIONS
        command[1:1] = ["-E", str(executions), "-s", "1"]
        env = afl.environment(dict(os.environ), profile=plan.profile,
                              mutator=str(BUILD / "fuzzers/sluice_afl_mutator.so"))
        if plan.is_canary:
            env["AFL_BENCH_UNTIL_CRASH"] = "1"
        run = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                             stdin=subprocess.DEVNULL, check=False)
        stats = instance.stats()
        crashes = [path for path, _ in instance.new_crashes(run.stdout.splitlines())]
        problems = []
        if run.returncode != 0:
            problems.append(f"afl-fuzz exited with {run.returncode}")
        elif plan.is_canary:
            problems += [] if crashes else [f"the canary was not found in {stats['execs_done']} executions"]
        else:
            problems += [f"it crashed: {path}" for path in crashes]
            if int(stats["execs_done"]) < executions * LEAST_SHARE:
                problems.append(f"only {stats['execs_done']} executions")
            # The seeds of the targets with V8 reach all of our code that so few executions reach.
            if int(stats["corpus_found"]) == 0 and plan.default and not plan.v8:
                problems.append("it found nothing that is new")
            if "persistent" not in stats["target_mode"]:
                problems.append(f"its mode is {stats['target_mode']}")
        if problems:
            print(run.stdout[-8000:])
            sys.exit("\n".join(problems))
        print(f"{stats['execs_done']} executions, {stats['edges_found']} edges, stability {stats['stability']}")


if __name__ == "__main__":
    main()
