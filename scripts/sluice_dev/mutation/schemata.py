"""All mutants of src/core in one build: the source of each function once more for each of its mutants, and a branch to it.

    python3 -B scripts/sluice_dev mutant-schemata OUT --compiler clang++ [FLAG...]

OUT/src/core gets the files of src/core that have mutants, which are compiled and included in place of the originals, and mutant.h and
mutant.cc. core::g_mutant chooses the mutant; 0 is the original. It begins as the environment's SLUICE_MUTANT says. OUT/mutants.json lists
all mutants: those that are in the build, and those that are not, with the reason. cmake runs this where SLUICE_MUTANTS is ON.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sluice_dev.common.errors import CannotRun
from sluice_dev.common.paths import ROOT
from sluice_dev.mutation import mutators
from sluice_dev.mutation.mutators import Mutant

_NAME = re.compile(r"([\w:~]+|operator=)\($")
_OPERATOR_ASSIGN = "OperatorAssign"
_BITS = 64
_HEADER = "src/core/mutant.h"


@dataclass
class Function:
    name: str
    first: int  # lines, from 0
    opens: int  # the line with the brace
    last: int
    parameters: list[str]
    why_not: str = ""


@dataclass
class Planted:
    """A mutant, and what becomes of it."""
    mutant: Mutant
    function: Function | None
    number: int = 0  # 0: not in the build
    why_not: str = ""
    copied_at: tuple[int, int] = (0, 0)  # lines of the generated file, from 1


@dataclass
class Source:
    file: str
    lines: list[str]
    planted: list[Planted] = field(default_factory=list)
    text: str = ""  # generated


# --- Reading ---

def _split_parameters(text: str) -> list[str]:
    parts, depth, part = [], 0, ""
    for char in text:
        depth += (char in "<({[") - (char in ">)}]")
        if char == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += char
    return [part.strip() for part in [*parts, part] if part.strip()]


def _argument(parameter: str) -> str:
    """What passes the parameter on."""
    declared = parameter.split("=")[0].strip()
    name = re.search(r"(\w+)$", declared)
    if name is None or name.start() == 0:
        return ""
    return f"std::move({name[1]})" if "&&" in declared or "unique_ptr" in declared else name[1]


def _function(lines: list[str], first: int, indent: str) -> Function | None:
    """The function whose declaration begins at a line; None if none does. As clang-format lays them out."""
    opens = first
    while not re.search(r"\{(?:$| .*\}$)", lines[opens]):
        if lines[opens].endswith((";", "}", ":")) or opens - first > 5:
            return None
        opens += 1
        if opens == len(lines):
            return None
    one_line = opens == first and lines[opens].endswith("}")
    last = opens
    if not one_line:
        while last < len(lines) and lines[last] != indent + "}":
            last += 1
    declaration = " ".join(line.strip() for line in lines[first:opens + 1])
    declaration = declaration[:declaration.index(" {")] if " {" in declaration else declaration
    opening = declaration.find("(")
    if opening < 0 or last == len(lines):
        return None
    name = _NAME.search(declaration[:opening + 1])
    closing = declaration.rfind(")")
    if name is None:
        return None
    parameters = [_argument(parameter) for parameter in _split_parameters(declaration[opening + 1:closing])]
    result = Function(name[1], first, opens, last, parameters)
    if declaration.startswith(("friend", "operator")) or name[1].startswith("~") or name.start() == 0:
        result.why_not = "it is in a constructor, a destructor or an operator"
    elif "" in parameters:
        result.why_not = "a parameter has no name"
    return result


def functions_of(lines: list[str], indent: str) -> list[Function]:
    begins = re.compile(rf"^{indent}[A-Za-z\[~](?!amespace|sing |lass |truct |num |tatic_assert|emplate)")
    found = []
    index = 0
    while index < len(lines):
        function = _function(lines, index, indent) if begins.match(lines[index]) and "(" in "".join(lines[index:index + 2]) else None
        if function is not None:
            found.append(function)
            index = function.last
        index += 1
    return found


def read(file: str, text: str) -> Source:
    source = Source(file, text.split("\n"))
    # The members of a class, or what is in a namespace.
    functions = functions_of(source.lines, "  " if "\nclass " in text else "")
    for mutant in mutators.mutants_of(file, text):
        index = mutant.line - 1
        function = next((function for function in functions if function.first <= index <= function.last), None)
        planted = Planted(mutant, function)
        changed = mutant.text.split("\n")
        if function is None:
            planted.why_not = "it is not in a function"
        elif function.why_not:
            planted.why_not = function.why_not
        elif _header(source.lines, function) != _header(changed, function) or changed[function.last + 1:] != source.lines[function.last + 1:]:
            planted.why_not = "it changes more than the body of a function"
        elif not _is_balanced(changed[function.first:function.last + 1]):
            planted.why_not = "does not compile: its brackets do not match"
        source.planted.append(planted)
    return source


def _is_balanced(lines: list[str]) -> bool:
    """What a compiler would not recover from, so that it would report nothing else."""
    opened = []
    for char in re.sub(r'"(?:[^"\\]|\\.)*"|//.*', "", "\n".join(lines)):
        if char in "({[":
            opened.append(")}]"["({[".index(char)])
        elif char in ")}]" and (not opened or opened.pop() != char):
            return False
    return not opened


# --- Writing ---

def _header(lines: list[str], function: Function) -> str:
    text = "\n".join(lines[function.first:function.opens + 1])
    return text[:text.index(" {")] if function.opens == function.last else text[:text.rindex("{")]


def _copy(planted: Planted) -> list[str]:
    function = planted.function
    assert function is not None
    text = "\n".join(planted.mutant.text.split("\n")[function.first:function.last + 1])
    name = re.compile(rf"(?<!\w){re.escape(function.name)}\(")
    return name.sub(_copy_name(planted) + "(", text, count=1).split("\n")


def _copy_name(planted: Planted) -> str:
    assert planted.function is not None
    name = planted.function.name.replace("operator=", _OPERATOR_ASSIGN)
    return f"{name}_m{planted.number}"


def _branches(function: Function, planted: list[Planted], bit: int) -> str:
    cases = " ".join(f"case {one.number}: return {_copy_name(one)}({', '.join(function.parameters)});" for one in planted)
    return f"::sluice::core::MutantReached({bit}); switch (::sluice::core::g_mutant) {{ {cases} default: break; }}"


def write(source: Source, first_bit: int) -> int:
    """Generates the text. Returns the bit after the last."""
    bit = first_bit
    at: dict[int, list[Planted]] = {}
    for planted in source.planted:
        if planted.number and planted.function:
            at.setdefault(planted.function.first, []).append(planted)
    out: list[str] = []
    index = 0
    while index < len(source.lines):
        line = source.lines[index]
        if index not in at:
            out.append(line)
            if line.startswith("#include") and f'#include "{_HEADER}"' not in out:
                out.insert(len(out) - 1, f'#include "{_HEADER}"')
            index += 1
            continue
        here = at[index]
        function = here[0].function
        assert function is not None
        for planted in here:
            copied = _copy(planted)
            planted.copied_at = (len(out) + 1, len(out) + len(copied))
            out += copied
        branches = _branches(function, here, bit)
        original = source.lines[function.first:function.last + 1]
        opens = function.opens - function.first
        if function.opens == function.last:
            original[opens] = original[opens].replace(" { ", " { " + branches + " ", 1)
        else:
            original[opens] += " " + branches
        out += original
        index = function.last + 1
        bit += 1
    source.text = "\n".join(out)
    if source.file.endswith(".h"):
        guard = "#pragma clang diagnostic push\n#pragma clang diagnostic ignored \"-Weverything\"\n"
        source.text = guard + source.text + "\n#pragma clang diagnostic pop\n"
        for planted in source.planted:
            planted.copied_at = (planted.copied_at[0] + 2, planted.copied_at[1] + 2)
    return bit


def _c_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def names_of(sources: list[Source]) -> dict[int, str]:
    """By number: a name that says which one, and stays when lines move."""
    names: dict[int, str] = {}
    seen: dict[str, int] = {}
    for source in sources:
        for planted in source.planted:
            if planted.number and planted.function:
                name = f"{source.file.removeprefix('src/core/')} {planted.function.name}: {planted.mutant.what}"
                seen[name] = seen.get(name, 0) + 1
                names[planted.number] = name if seen[name] == 1 else f"{name} #{seen[name]}"
    return names


def _registry(sources: list[Source], bits: int) -> tuple[str, str]:
    words = max(1, -(-bits // _BITS))
    header = f"""// Generated by scripts/sluice_dev/mutation/schemata.py.
#ifndef SLUICE_CORE_MUTANT_H_
#define SLUICE_CORE_MUTANT_H_
#include <cstdint>
#include <span>
namespace sluice::core {{
struct Mutant {{
  uint32_t number;
  uint32_t bit;      // of g_reached, which its function sets
  const char* name;  // "writable_stream.cc WritableStreamAbort: dropped `...`"
  uint32_t line;     // in the file's original
}};
std::span<const Mutant> AllMutants();
extern uint32_t g_mutant;  // 0: the original
extern constinit thread_local uint64_t g_reached[{words}];
inline void MutantReached(uint32_t bit) {{ g_reached[bit / {_BITS}] |= uint64_t{{1}} << bit % {_BITS}; }}
}}  // namespace sluice::core
#endif  // SLUICE_CORE_MUTANT_H_
"""
    names = names_of(sources)
    rows = []
    bit = -1
    for source in sources:
        function = None
        for planted in source.planted:
            if not planted.number:
                continue
            bit += planted.function is not function
            function = planted.function
            rows.append(f"    {{{planted.number}, {bit}, {_c_string(names[planted.number])}, {planted.mutant.line}}},\n")
    text = f"""#include "{_HEADER}"
#include <cstdlib>
#include "src/core/check.h"
namespace sluice::core {{
namespace {{
constexpr Mutant kMutants[] = {{
{''.join(rows)}}};
// A mutant that the environment chooses does as in a build without asserts, which are an oracle of their own.
uint32_t Chosen() {{
  const char* chosen = std::getenv("SLUICE_MUTANT");
  if (chosen == nullptr) return 0;
  SetAssertHandler([](const char*, const char*) {{}});
  return static_cast<uint32_t>(std::strtoul(chosen, nullptr, 10));
}}
}}  // namespace
std::span<const Mutant> AllMutants() {{ return kMutants; }}
uint32_t g_mutant = Chosen();
constinit thread_local uint64_t g_reached[{words}] = {{}};
}}  // namespace sluice::core
"""
    return header, text


def generate(sources: list[Source]) -> dict[str, str]:
    """Numbers what has no reason against it. The files to write, by path."""
    number = bits = 0
    for source in sources:
        for planted in source.planted:
            planted.number = 0 if planted.why_not else (number := number + 1)
        bits = write(source, bits)
    header, text = _registry(sources, bits)
    return {source.file: source.text for source in sources} | {_HEADER: header, "src/core/mutant.cc": text}


# --- What does not compile ---

_USE_OF_TEMPLATES = """#include "src/core/fifo.h"
template class sluice::core::Fifo<int>;
"""


def _put(path: Path, text: str) -> None:
    """What is as it was is not written, so that nothing is compiled again."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _errors_in(path: Path, out: Path, compiler: str) -> dict[tuple[str, int], str]:
    """What the compiler complains of, by file and line."""
    flags = ["-std=c++20", "-fsyntax-only", "-w", "-ferror-limit=0", "-fno-caret-diagnostics", "-DSLUICE_CHECKS=1", f"-I{out}", f"-I{ROOT}"]
    run = subprocess.run([compiler, *flags, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    found = re.findall(r"^(.*?):(\d+):\d+: (?:fatal )?error: (.*)$", run.stderr, re.MULTILINE)
    if run.returncode != 0 and not found:
        raise CannotRun(f"the mutants cannot be compiled:\n{run.stderr}")
    return {(name, int(line)): message for name, line, message in reversed(found)}


def _leave_out(errors: dict[tuple[str, int], str], out: Path, sources: list[Source]) -> bool:
    """Gives each mutant that does not compile its reason. Whether there was one."""
    rest = dict(errors)
    for source in sources:
        for planted in source.planted:
            for line in range(planted.copied_at[0], planted.copied_at[1] + 1) if planted.number else ():
                if message := errors.get((str(out / source.file), line)):
                    planted.why_not = planted.why_not or f"does not compile: {message}"
                    rest.pop((str(out / source.file), line), None)
    for (name, line), message in sorted(rest.items()):
        raise CannotRun(f"{name}:{line}: {message}, and no mutant is there")
    return bool(errors)


def _write_all(out: Path, sources: list[Source], compiler: str) -> None:
    """Until all compiles. What a source is without a mutant does not depend on the others."""
    _put(out / "templates.cc", _USE_OF_TEMPLATES)
    unchecked = [*(out / source.file for source in sources if source.file.endswith(".cc")), out / "templates.cc"]
    while True:
        for file, text in generate(sources).items():
            _put(out / file, text)
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            errors = list(pool.map(lambda path: _errors_in(path, out, compiler), unchecked))
        unchecked = [path for path, found in zip(unchecked, errors, strict=True) if _leave_out(found, out, sources)]
        if not unchecked:
            return


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="mutant-schemata", allow_abbrev=False)
    parser.add_argument("out", type=Path)
    parser.add_argument("--compiler", default="clang++")
    options = parser.parse_args(arguments)
    out = options.out.resolve()
    texts = {file: (ROOT / file).read_text() for file in mutators.FILES}
    scripts = [Path(__file__).read_text(), Path(mutators.__file__).read_text()]
    made_of = hashlib.sha256("\0".join([options.compiler, *texts.values(), *scripts]).encode()).hexdigest() + "\n"
    stamp = out / "made-of"
    if stamp.exists() and stamp.read_text() == made_of:
        return 0
    sources = [read(file, text) for file, text in texts.items()]
    _write_all(out, sources, options.compiler)
    names = names_of(sources)
    listed = [{"number": planted.number, "name": names.get(planted.number, planted.mutant.label), "file": source.file, "line": planted.mutant.line,
               "why_not": planted.why_not} for source in sources for planted in source.planted]
    _put(out / "mutants.json", json.dumps(listed, indent=1) + "\n")
    stamp.write_text(made_of)
    built = sum(1 for one in listed if one["number"])
    print(f"{built} mutants of {len(listed)} in one build", file=sys.stderr)
    return 0
