"""A shell that plays the part a test of the runner gives it. Its "scripts" are in Python: the test file is what happens after
report.js has begun. What is given on the command line is in `scripts`.
"""

import json
import os
import signal
import sys

PREFIX = "SLUICE-WPT "
scripts = sys.argv[1:]
count = 0


def say(**event):
    print(PREFIX + json.dumps(event), flush=True)


def start(name):
    say(kind="start", name=name)


def result(name, status=0, message=None, stack=None):
    global count
    count += 1
    say(kind="result", name=name, status=status, message=message, stack=stack)


def complete(status=0, message=None, add=0):
    say(kind="complete", status=status, message=message, stack=None, count=count + add)


def main():
    say(kind="ready")
    with open(scripts[-2], encoding="utf-8") as file:
        source = "\n".join(line for line in file.read().splitlines() if not line.startswith("//"))
    exec(compile(source, scripts[-2], "exec"),  # pylint: disable=exec-used
         {"scripts": scripts, "start": start, "result": result, "complete": complete, "os": os, "signal": signal, "sys": sys})


main()
