"""FINDING/page.html: a finding step by step, on the core and on the reference model. It needs no other file and no network.

Made from the finding's folder and from what `sluice-fuzz steps` prints of its program:
    write(folder, sluice_fuzz)       # True if there is a page: an input that is no program has none
"""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sluice_dev.campaign import page_diagram
from sluice_dev.common import files
from sluice_dev.common import targets as fuzz_targets
from sluice_dev.triage.sightings import BEGAN, MENDED, Sighting, event_of, of_folder

try:
    import jinja2
except ImportError:  # not Debian, and not installed: no page, and that is said
    jinja2 = None  # type: ignore[assignment]

NAME = "page.html"
_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
_SECONDS = 60
_NEARLY_ALWAYS = 0.9  # of random continuations, for the operation before them to be the decisive one
_LONGEST_RUN = 5000  # events of one side: more than anybody steps through


def _printed(sluice_fuzz: Path, command: str, program: Path, flags: Sequence[str]) -> Any:
    """The JSON that a command of sluice-fuzz prints; None if it prints none, as when the program crashes the core."""
    try:
        run = subprocess.run([str(sluice_fuzz), command, *flags, "--", str(program)], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS,
                             check=False)
        return json.loads(run.stdout) if run.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def steps(sluice_fuzz: Path, program: Path, flags: Sequence[str]) -> dict[str, Any] | None:
    """One side's run; None if it cannot be run to its end."""
    data = _printed(sluice_fuzz, "steps", program, flags)
    if not isinstance(data, dict) or data.get("schema") != "sluice-steps":
        return None
    data["events"] = data["events"][:_LONGEST_RUN]
    return data


def divergence(core: dict[str, Any] | None, model: dict[str, Any] | None) -> int | None:
    """The first event whose text or slots differ. None if there is none, or only one side."""
    if core is None or model is None:
        return None
    for number, (one, other) in enumerate(zip(core["events"], model["events"])):
        if one["text"] != other["text"] or one.get("slots") != other.get("slots"):
            return number
    lengths = len(core["events"]), len(model["events"])
    return min(lengths) if lengths[0] != lengths[1] else None


def data_of(core: dict[str, Any] | None, model: dict[str, Any] | None, event: int | None,
            vary: list[list[Any]] | None = None, continued: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the page's script works on. `event`: at which the rule broke, from 0. `vary`: what `sluice-fuzz varying` prints; `continued`:
    what `sluice-fuzz decisive` prints."""
    shown = core or model
    assert shown is not None
    vary = vary or [[] for _ in shown["program"]]
    return {"program": shown["program"], "vary": vary, "decisive": decisive(continued), "slots": shown["slots"],
            "diverges": divergence(core, model), "broke": event,
            "sides": [{"name": name, "events": side["events"]} for name, side in (("core", core), ("standard", model)) if side is not None]}


def decisive(continued: dict[str, Any] | None) -> dict[str, Any] | None:
    """With `operation`, from 0: the first after which nearly every random continuation finds it; None if there is no such operation."""
    if continued is None:
        return None
    enough = _NEARLY_ALWAYS * continued["tries"]
    return next((continued | {"operation": number} for number, found in enumerate(continued["found"][1:]) if found >= enough), None)


def for_script(data: object) -> str:
    """JSON that can stand in a <script>: nothing in it ends the element or begins a comment."""
    text = json.dumps(data, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def render(sighting: Sighting, data: dict[str, Any]) -> str:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    blames = [(files.read_json(sighting.folder / name) or {}).get("commits") or [] for name in (BEGAN, MENDED)]
    return environment.get_template("finding_page.html.j2").render(
        finding=sighting, data=for_script(data), diagram=page_diagram.plain(), began=blames[0], mended=blames[1],
        has_core=any(side["name"] == "core" for side in data["sides"]), last=max(len(side["events"]) for side in data["sides"]) - 1)


def write(folder: Path, sluice_fuzz: Path) -> bool:
    program = folder / "program.ops"
    sighting = of_folder(folder)
    if jinja2 is None or sighting is None or not program.is_file():
        return False
    facts = fuzz_targets.of(sighting.target)
    flags = ["--canary"] if facts.is_canary else []
    core = steps(sluice_fuzz, program, flags)
    model = steps(sluice_fuzz, program, ["--model"])
    if core is None and model is None:
        return False
    varying = _printed(sluice_fuzz, "varying", program, flags) if core else None
    continued = _printed(sluice_fuzz, "decisive", program, flags) if core else None
    files.write_whole(folder / NAME, render(sighting, data_of(core, model, _event(folder), varying, continued)))
    return True


def refresh(folder: Path) -> None:
    """Writes the page again, if there is one, with what is known of the commits by now. The run that it shows stays."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except OSError:
        return
    sighting, found = of_folder(folder), _DATA.search(text)
    if jinja2 is not None and sighting is not None and found is not None:
        files.write_whole(folder / NAME, render(sighting, json.loads(found[1])))


def _event(folder: Path) -> int | None:
    event = event_of(folder)
    return None if event is None else event - 1


def write_all(out: Path, sluice_fuzz: Path) -> int:
    """Of every finding of a campaign that has none yet. Returns how many were written."""
    written = 0
    for path in sorted(out.glob("**/finding.json")):
        folder = path.parent
        if "earlier" not in folder.relative_to(out).parts and not (folder / NAME).exists():
            written += write(folder, sluice_fuzz)
    return written
