"""Where the checkout is."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]


def grown_corpora() -> str:
    """The folder of the grown corpora, unless a flag names another."""
    return os.environ.get("SLUICE_CORPUS") or str(ROOT / "build/corpus")
