"""What a night was asked for: flags over the configuration."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Options:
    seconds: int
    out: Path
    jobs: int
    corpus: Path
    archive: Path | None
    history: Path
    fresh: bool
    stages: list[str]
    config: dict[str, dict[str, Any]]  # config.py
