"""Files that travel with the program: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def models_dir() -> Path:
    """Folder with the manifest and the trained heads."""
    bundled = PACKAGE / "_models"
    return bundled if bundled.is_dir() else PACKAGE.parent / "models"
