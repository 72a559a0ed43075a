"""The folder of a night, as campaigns leave it, for tests."""

import json
from pathlib import Path

EXECUTIONS = 1_000_000


def finding(identity: str, **more) -> dict:
    return {"version": 2, "identity": identity, "target": "writable_stream_fuzzer", "kind": "crash", "rule": f"the rule of {identity}",
            "from_oracle": True, "after_seconds": 10.0, "reproduces": True, "tries": 10, "reproduced": 10, "finding": {},
            "also_seen_as": [], "frames": [], "sequence": [], "engine": "libfuzzer",
            "build": {"commit": "c", "dirty": False, "preset": "libfuzzer-asan", "sanitizer": "address"}} | more


def folder_of(identity: str) -> str:
    return "findings/" + identity.replace("/", "-")


def write(out: Path, night: str, commit: str, findings: list, executions: int = EXECUTIONS, seconds: float = 100.0) -> Path:
    """`findings`: of finding(). Each has a program that names it."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "state.json").write_text(json.dumps({"identity": {"commit": commit}, "night": night, "stages": {}, "ended": False}))
    campaign = out / "campaigns/address-1"
    rows = []
    for each in findings:
        folder = campaign / folder_of(each["identity"])
        folder.mkdir(parents=True)
        (folder / "program.ops").write_text(f"# {each['identity']}\nrun\n")
        (folder / "input").write_text(each["identity"])
        (folder / "finding.json").write_text(json.dumps(each))
        (folder / "report.txt").write_text(f"What broke: {each['identity']}\n")
        rows.append(each | {"folder": folder_of(each["identity"])})
    campaign.mkdir(parents=True, exist_ok=True)
    (campaign / "summary.json").write_text(json.dumps({
        "seconds": seconds, "sanitizer": "address", "canary": {}, "findings": rows,
        "targets": [{"name": "writable_stream_fuzzer", "executions": executions, "corpus": 10, "new_corpus_entries": 1, "engines": {}}]}))
    return out
