"""The one entry of all Python commands:

    python3 -B scripts/sluice_dev COMMAND ARGUMENT...

What is the same for all of them is here, and nowhere else: signals from the first moment, streams that are closed or full, names that are
no UTF-8, `--json` (common/result.py), and which exit code an exception means. A command is a function main(arguments) that returns its exit
code. It raises CannotRun, or lets an OSError pass.

Exit codes: as the command has them; 2 when it could not run; 130 and 143 after Ctrl-C and SIGTERM. Nothing prints a traceback, unless
SLUICE_TRACEBACK=1 asks for it.
"""

import os
import signal
import sys

# The signals that end a command. scripts/lib/setup.sh blocks them until there is somebody to handle them.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Name: module, and whether its output is all that it makes: then output that could not be written is a failure.
COMMANDS = {
    "affected": ("fleet.affected", True),
    "bench": ("bench.bench", False),
    "bisect": ("triage.bisect", False),
    "build": ("common.builds", False),
    "check-ossfuzz": ("fleet.ossfuzz", True),
    "corpus": ("corpus.archive", False),
    "coverage": ("coverage.coverage", False),
    "diff": ("runtimes.diff", True),
    "faults": ("fleet.faults", True),
    "fuzz": ("campaign.campaign", False),
    "issues": ("nightly.issues", False),
    "lint": ("lint.lint", True),
    "load": ("bench.load", True),
    "minimize": ("corpus.minimize", False),
    "mutants": ("mutation.mutants", True),
    "mutant-schemata": ("mutation.schemata", False),
    "mutant-stamp": ("mutation.stamp", True),
    "observable": ("mutation.observable", True),
    "nightly": ("nightly.nightly", False),
    "nights": ("nightly.nights", False),
    "on-base": ("fleet.on_base", False),
    "ossfuzz-files": ("fleet.files", False),
    "passed-tests": ("common.passed_tests", False),
    "polyfill": ("runtimes.table", False),
    "promote": ("triage.promote", False),
    "release": ("bench.release", False),
    "repro": ("triage.repro", False),
    "report": ("campaign.page", False),
    "same-finding": ("triage.same_finding", True),
    "slowest-tests": ("common.slowest_tests", True),
    "smoke": ("fleet.smoke", False),
    "suite": ("runtimes.suite", True),
    "targets": ("common.targets", True),
    "valgrind-replay": ("fleet.valgrind_replay", False),
    "wpt": ("conformance.wpt", True),
}


def end_at_once(number: int, _frame: object) -> None:
    """While modules are imported, and when all is done: nothing is at stake, and an exception might be swallowed."""
    os._exit(128 + number)


def stop(number: int, _frame: object) -> None:
    from sluice_dev.common.errors import Stopped  # pylint: disable=import-outside-toplevel

    raise Stopped(number)


def handle_signals(handler: object) -> None:
    for number in ENDING:
        # What was ignored from the beginning (nohup) stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)  # type: ignore[arg-type]


def run(name: str, arguments: list[str]) -> int:
    """The exit code of a command; an exception is a message and a code."""
    from sluice_dev.common import result, streams  # pylint: disable=import-outside-toplevel

    streams.prepare()
    wanted = result.Wanted(name, arguments)
    code, problem = outcome(name, wanted.words)
    if problem:
        sys.stderr.write(f"scripts/{name}: {problem}\n")
    lost = wanted.write(code, problem) if wanted.is_wanted else streams.lost_output() if COMMANDS[name][1] else ""
    if lost and code == 0:
        sys.stderr.write(f"scripts/{name}: standard output: {lost}\n")
        code = 2
    return code


def outcome(name: str, arguments: list[str]) -> tuple[int, str]:
    """The exit code, and what is to be said about it."""
    import importlib  # pylint: disable=import-outside-toplevel

    from sluice_dev.common import streams  # pylint: disable=import-outside-toplevel
    from sluice_dev.common.errors import CannotRun  # pylint: disable=import-outside-toplevel

    try:
        main = importlib.import_module("sluice_dev." + COMMANDS[name][0]).main
        handle_signals(stop)
        sys.unraisablehook = unraisable
        return main(arguments), ""
    except KeyboardInterrupt as interrupt:
        return 128 + getattr(interrupt, "number", signal.SIGINT), ""
    except CannotRun as problem:
        return 2, str(problem)
    except SystemExit as end:  # argparse, which has said why
        return (end.code, "") if isinstance(end.code, int) else (2, str(end.code)) if end.code else (0, "")
    except OSError as error:
        if os.environ.get("SLUICE_TRACEBACK"):
            raise
        return 2, streams.words_of(error)
    except Exception as error:  # pylint: disable=broad-except
        if os.environ.get("SLUICE_TRACEBACK"):
            raise
        return 2, f"a fault in the script itself: {type(error).__name__}: {error}\nSLUICE_TRACEBACK=1 shows where; please report it"


def unraisable(what: "sys.UnraisableHookArgs") -> None:
    """A signal may arrive while a destructor runs, where exceptions are dropped: then it arrives once more."""
    if isinstance(what.exc_value, KeyboardInterrupt):
        signal.raise_signal(getattr(what.exc_value, "number", signal.SIGINT))
    elif os.environ.get("SLUICE_TRACEBACK"):
        sys.__unraisablehook__(what)


def begin(words: list[str]) -> int:
    handle_signals(end_at_once)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    if not words or words[0] not in COMMANDS:
        sys.stderr.write(f"usage: python3 scripts/sluice_dev COMMAND ARGUMENT...; commands: {' '.join(COMMANDS)}\n")
        return 2
    code = run(words[0], words[1:])
    handle_signals(end_at_once)
    return code


if __name__ == "__main__":
    # Its own folder is the first entry, and would hide modules by the names of our sub-packages.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.exit(begin(sys.argv[1:]))
