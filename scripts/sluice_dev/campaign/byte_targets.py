"""Prints those of the named targets whose inputs AFL++ mutates as bytes: for them its logging of comparisons helps."""

from sluice_dev.campaign.campaign import mutates_bytes


def main(arguments: list[str]) -> int:
    print(*filter(mutates_bytes, arguments), sep="\n")
    return 0
