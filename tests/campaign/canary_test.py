"""scripts/fuzz finds the canary, shrinks it, reports it, and scripts/repro shows it again.

    canary_test.py SOURCE_DIR
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema


def check(condition: bool, what: str, output: str) -> None:
    if not condition:
        sys.exit(f"{what}\n--- output ---\n{output}")


def main() -> None:
    source = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [source / "scripts/fuzz", "--target", "canary_fuzzer", "--time", "60", "--out", folder],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        check(run.returncode == 0, f"a campaign that finds its canary exits 0, not {run.returncode}", run.stdout)
        check("found after" in run.stdout, "the summary says that the canary was found", run.stdout)
        reports = list(Path(folder).rglob("report.txt"))
        check(len(reports) >= 1, "the finding has a report", run.stdout)
        report = reports[0].read_text()
        check("What broke: " in report, "the report names the rule", report)
        program = reports[0].with_name("program.ops").read_text()
        data = json.loads(reports[0].with_name("finding.json").read_text())
        jsonschema.validate(data["finding"], json.loads((source / "fuzz/oracle/finding.schema.json").read_text()))
        check(data["finding"]["key"] == data["identity"], "the finding's key is its identity", json.dumps(data))
        # How small it gets depends on what was found: there is more than one smallest program.
        check("releaseLock" in program and data["shrunk"], "the program is shrunk and has the planted fault in it", program)

        again = subprocess.run([source / "scripts/repro", reports[0].with_name("program.ops")], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        check(again.returncode == 1, f"scripts/repro of the finding exits 1, not {again.returncode}", again.stdout)


if __name__ == "__main__":
    main()
