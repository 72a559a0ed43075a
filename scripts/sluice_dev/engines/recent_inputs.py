"""Reads what fuzz/harness/recent_inputs.h defines: the last inputs of a process that died."""

import os
import struct

VARIABLE = "SLUICE_RECENT_INPUTS"
_HEADER = struct.Struct("<8sIIQQ")
_INPUT = struct.Struct("<QQ")


def read(path: str) -> list[tuple[int, bytes, bool]]:
    """The inputs of one file, the oldest first, each as (number, bytes, whether it is whole). Raises ValueError."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < _HEADER.size:
        raise ValueError(f"{path}: has no header")
    magic, inputs, input_bytes, _, count = _HEADER.unpack_from(data)
    if magic != b"SLUICERI" or len(data) < _HEADER.size + inputs * (_INPUT.size + input_bytes):
        raise ValueError(f"{path}: holds no recent inputs")
    found: list[tuple[int, bytes, bool]] = []
    for number in range(max(1, count - inputs + 1), count + 1):
        begin = _HEADER.size + (number - 1) % inputs * (_INPUT.size + input_bytes)
        stored, size = _INPUT.unpack_from(data, begin)
        if stored == number:  # else the process died while it wrote it
            begin += _INPUT.size
            found.append((number, data[begin:begin + min(size, input_bytes)], size <= input_bytes))
    return found


def before(folder: str, last: bytes) -> list[bytes] | None:
    """The inputs that a process ran before `last` (bytes), the oldest first, of the one that ran `last` last. None if no file
    in `folder` has them."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    best: list[tuple[int, bytes, bool]] | None = None
    for name in names:
        try:
            inputs = read(os.path.join(folder, name))
        except (OSError, ValueError):
            continue
        if inputs and inputs[-1][1] == last[:len(inputs[-1][1])] and (inputs[-1][2] is False or inputs[-1][1] == last):
            if best is None or len(inputs) > len(best):
                best = inputs
    return None if best is None else [data for _, data, whole in best[:-1] if whole]


def save(folder: str, last: bytes, into: str) -> int:
    """Writes them as into/001, into/002... and returns how many there are."""
    inputs = before(folder, last) or []
    if inputs:
        os.makedirs(into, exist_ok=True)
    for number, data in enumerate(inputs, 1):
        with open(os.path.join(into, f"{number:03}"), "wb") as file:
            file.write(data)
    return len(inputs)
