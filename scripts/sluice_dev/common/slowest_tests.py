"""The table of the slowest tests, from the JUnit file that ctest writes:

    python3 -B scripts/sluice_dev slowest-tests FILE
"""

import xml.etree.ElementTree as ElementTree

from sluice_dev.common.errors import CannotRun

SHOWN = 10


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        raise CannotRun("slowest-tests takes one file, ctest's --output-junit")
    try:
        cases = [(float(case.get("time", "0")), case.get("name", "")) for case in ElementTree.parse(arguments[0]).iter("testcase")]
    except (ElementTree.ParseError, ValueError) as error:
        raise CannotRun(f"{arguments[0]}: no results of ctest: {error}") from error
    print("\nThe slowest tests, in seconds:")
    for seconds, name in sorted(cases, key=lambda case: (-case[0], case[1]))[:SHOWN]:
        print(f"{seconds:7.1f}  {name}")
    return 0
