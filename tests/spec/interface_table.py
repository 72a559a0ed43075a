#!/usr/bin/env python3
"""Makes fuzz/surface/interfaces.json of streams.idl and dom.idl: the interfaces as fuzz/surface checks them.

    tests/spec/interface_table.py           writes it
    tests/spec/interface_table.py --check   exit 1 if it is not what would be written
"""
import json
import pathlib
import re
import sys
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE.parent.parent / "fuzz" / "surface" / "interfaces.json"
INTERFACE = re.compile(r"^interface (\w+)(?: : (\w+))? \{(.*?)^\};", re.S | re.M)
CONSTANT = re.compile(r"const unsigned short (\w+) = (\d+)")
ATTRIBUTE = re.compile(r"(readonly )?attribute (.+) (\w+)")
OPERATION = re.compile(r"(static )?(.+?) ?\b(\w+)\((.*)\)")


def arguments(text: str) -> list[str]:
    """The arguments of an operation: commas between angle brackets or parentheses are no separators."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "(<") - (character in ")>")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def required(text: str) -> int:
    return sum(not argument.startswith("optional ") for argument in arguments(text))


def member(text: str) -> dict[str, Any]:
    if constant := CONSTANT.fullmatch(text):
        return {"kind": "constant", "name": constant[1], "value": int(constant[2])}
    if attribute := ATTRIBUTE.fullmatch(text):
        return {"kind": "attribute", "name": attribute[3], "readonly": attribute[1] is not None, "required": 0,
                "promise": attribute[2].startswith("Promise<")}
    operation = OPERATION.fullmatch(text)
    if operation is None:
        raise ValueError(f"interface_table.py: not a member that it knows: {text}")
    return {"kind": "static" if operation[1] else "operation", "name": operation[3], "required": required(operation[4]),
            "promise": operation[2].startswith("Promise<")}


def interfaces(idl: str) -> list[dict[str, Any]]:
    found = []
    for name, parent, body in INTERFACE.findall(re.sub(r"//.*", "", idl)):
        texts = [re.sub(r"^\[[^\]]*\] ?", "", re.sub(r"\s+", " ", text).strip()) for text in body.split(";")]
        constructor = next((text for text in texts if text.startswith("constructor(")), None)
        members = [member(text) for text in texts if text and text != constructor]
        found.append({"name": name, "parent": parent or None, "constructs": constructor is not None,
                      "length": required(constructor[len("constructor("):-1]) if constructor else 0, "members": members})
    return found


def table() -> str:
    rows = [json.dumps(row) for name in ("streams.idl", "dom.idl") for row in interfaces((HERE / name).read_text())]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        if TABLE.is_file() and TABLE.read_text() == table():
            return 0
        print(f"{TABLE} is not what the IDL of tests/spec says: run tests/spec/interface_table.py", file=sys.stderr)
        return 1
    if sys.argv[1:]:
        sys.exit(__doc__)
    TABLE.write_text(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
