#!/usr/bin/env python3
"""A recorded `gh` for tests: takes the words and flags of the real client (gh 2.x: issue list, create, edit, close, reopen, comment; label
create), keeps issues in $FAKE_GH/issues.json, and notes each call in $FAKE_GH/calls. Anything else is refused as gh refuses it.

$FAKE_GH/fail: the number of calls after which every call fails, as when the network is gone. $FAKE_GH/kill: after which the caller is killed.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

FOLDER = Path(os.environ["FAKE_GH"])


def parser_of(words: tuple) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gh " + " ".join(words), allow_abbrev=False)
    parser.add_argument("--repo", "-R")
    flags = {
        ("issue", "list"): ["--label", "--state", "--limit", "--json"], ("issue", "create"): ["--title", "--body", "--body-file", "--label"],
        ("issue", "edit"): ["--title", "--body", "--body-file"], ("issue", "close"): ["--reason", "--comment"],
        ("issue", "reopen"): ["--comment"], ("issue", "comment"): ["--body", "--body-file"], ("label", "create"): ["--description", "--color"],
    }[words]
    for flag in flags:
        parser.add_argument(flag)
    if words == ("label", "create"):
        parser.add_argument("--force", action="store_true")
        parser.add_argument("name")
    elif words[1] not in ("list", "create"):
        parser.add_argument("number", type=int)
    return parser


def main() -> int:
    words = tuple(sys.argv[1:3])
    options = parser_of(words).parse_args(sys.argv[3:])
    with (FOLDER / "calls").open("a") as file:
        file.write(json.dumps(sys.argv[1:]) + "\n")
    count = len((FOLDER / "calls").read_text().splitlines())
    if (FOLDER / "fail").exists() and count > int((FOLDER / "fail").read_text()):
        print("error connecting to api.github.com", file=sys.stderr)
        return 1
    path = FOLDER / "issues.json"
    issues = json.loads(path.read_text()) if path.exists() else []
    body = sys.stdin.read() if getattr(options, "body_file", None) == "-" else getattr(options, "body", None)
    if words == ("issue", "list"):
        assert options.state == "all" and options.limit
        chosen = [issue for issue in issues if options.label in issue["labels"]][-int(options.limit):]
        print(json.dumps([{field: issue[field] for field in options.json.split(",")} for issue in chosen]))
    elif words == ("issue", "create"):
        labels = json.loads((FOLDER / "labels.json").read_text()) if (FOLDER / "labels.json").exists() else []
        if options.label not in labels:
            print(f"could not add label: '{options.label}' not found", file=sys.stderr)
            return 1
        assert len(options.title) <= 256 and len(body) <= 65536
        issues.append({"number": len(issues) + 1, "state": "OPEN", "title": options.title, "body": body, "labels": [options.label], "comments": []})
        print(f"https://github.com/o/r/issues/{len(issues)}")
    elif words == ("label", "create"):
        (FOLDER / "labels.json").write_text(json.dumps([options.name]))
    else:
        issue = next((issue for issue in issues if issue["number"] == options.number), None)
        if issue is None:
            print("GraphQL: Could not resolve to an issue", file=sys.stderr)
            return 1
        if words[1] == "edit":
            issue |= {"title": options.title or issue["title"], "body": body or issue["body"]}
        elif words[1] in ("close", "reopen"):
            issue["state"] = {"close": "CLOSED", "reopen": "OPEN"}[words[1]]
        if getattr(options, "comment", None) or words[1] == "comment":
            issue["comments"].append(options.comment if words[1] != "comment" else body)
    path.write_text(json.dumps(issues, indent=1))
    if (FOLDER / "kill").exists() and count > int((FOLDER / "kill").read_text()):
        os.kill(os.getppid(), signal.SIGKILL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
