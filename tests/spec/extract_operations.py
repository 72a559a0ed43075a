#!/usr/bin/env python3
"""Makes operations.txt, anchors.txt and streams.idl, the small tables of the standard that the tests here compare the code with.

    tests/spec/extract_operations.py REVISION path/to/index.bs

writes them beside this script. REVISION is the revision of https://github.com/whatwg/streams that the file is from.
Run it again when the code moves to a newer revision; the difference of the tables says what changed.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
DFN = re.compile(r"<dfn\b([^>]*)>(.*?)</dfn>", re.S)
STEP = re.compile(r"^( +)\d+\. ")


def attribute(attributes, name):
    found = re.search(rf'\b{name}="([^"]*)"', attributes, re.S)
    return re.sub(r"\s+", " ", found.group(1)) if found else ""


def slug(text):
    text = re.sub(r"<[^>]*>", "", text).lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def plain(text):
    """The name of a dfn: its first linking text, or its own, without arguments, markup and brackets."""
    text = re.sub(r"<[^>]*>|\\|\[\[|\]\]", "", text)
    return re.sub(r"\s+", " ", text.split("|")[0]).split("(")[0].strip()


def anchor_of(attributes, text):
    """The id that the standard's processor gives: explicit, or made from what the dfn is for and its name."""
    explicit = attribute(attributes, "id")
    if explicit:
        return explicit
    name = plain(attribute(attributes, "lt") or text)
    owner = attribute(attributes, "for")
    prefix = "abstract-opdef " if kind_of(attributes) == "abstract-op" else ""
    return slug(prefix + (f"{owner} {name}" if owner else name))


def kind_of(attributes):
    for kind in ("abstract-op", "constructor", "method", "attribute"):
        if re.search(rf"\b{kind}\b", attributes):
            return kind
    return "algorithm"


def algorithms(text):
    """The inside of each element that is marked as an algorithm. Examples within it are left out."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if lines[at].startswith("<p algorithm"):
            body = []
            while at < len(lines) and lines[at].strip():
                body.append(lines[at])
                at += 1
            yield body
        elif lines[at].startswith("<div algorithm"):
            body, depth, example = [], 0, None
            while True:
                line = lines[at]
                depth += len(re.findall(r"<div\b", line))
                if 'class="example"' in line and example is None:
                    example = depth
                if example is None:
                    body.append(line)
                depth -= line.count("</div>")
                if example is not None and depth < example:
                    example = None
                at += 1
                if depth == 0:
                    break
            yield body
        else:
            at += 1


def steps_of(lines):
    """Step numbers in hierarchical form. The nesting is the indentation."""
    steps, indents, numbers = [], [], []
    for line in lines:
        found = STEP.match(line)
        if not found:
            continue
        indent = len(found.group(1))
        while indents and indents[-1] > indent:
            indents.pop()
            numbers.pop()
        if not indents or indents[-1] < indent:
            indents.append(indent)
            numbers.append(0)
        numbers[-1] += 1
        steps.append(".".join(map(str, numbers)))
    return steps


def operations(text):
    for body in algorithms(text):
        dfn = DFN.search("\n".join(body))
        if dfn is None:
            continue
        attributes, content = dfn.groups()
        kind = kind_of(attributes)
        name = plain(content if kind != "abstract-op" else attribute(attributes, "lt"))
        owner = attribute(attributes, "for")
        if kind != "abstract-op" and owner:
            name = f"{owner}: {name}"
        yield anchor_of(attributes, content), kind, name, steps_of(body)


def anchors(text):
    """Explicit ids, and those of terms. (Slots and dictionary members have others, which nothing here cites.)"""
    found = set(re.findall(r'<[a-z0-9]+\b[^>]*?\bid="([^"]+)"', text))
    for attributes, content in (dfn.groups() for dfn in DFN.finditer(text)):
        if "[[" not in content and "dict-member" not in attributes:
            found.add(anchor_of(attributes, content))
    return sorted(found)


def interfaces(text):
    """The standard's Web IDL, as it stands there."""
    return [block.strip() for block in re.findall(r'<xmp class="idl">(.*?)</xmp>', text, re.S)]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    revision, path = sys.argv[1:]
    text = pathlib.Path(path).read_text()
    head = f"# From the Streams Standard, https://streams.spec.whatwg.org/, revision {revision}.\n" \
           "# Made by tests/spec/extract_operations.py; do not edit.\n"
    rows = [f"{anchor} | {kind} | {name} | {' '.join(steps)}".rstrip() for anchor, kind, name, steps in operations(text)]
    (HERE / "operations.txt").write_text(head + "# anchor | kind | name | steps\n" + "\n".join(rows) + "\n")
    (HERE / "anchors.txt").write_text(head + "# Every anchor of its sections on writable streams.\n" +
                                      "\n".join(anchors(text)) + "\n")
    (HERE / "streams.idl").write_text(head.replace("#", "//") + "\n" + "\n\n".join(interfaces(text)) + "\n")


if __name__ == "__main__":
    main()
