"""Faults that a user can mend. Each names the file, the fault and the next step, and carries its exit code."""

from __future__ import annotations

from pathlib import Path


class TouchpointError(Exception):
    """A fault with a way out; `str()` is what the user reads."""

    exit_code = 2
    code = "error"

    def __init__(self, fault: str, *, path: Path | str | None = None, next_step: str = "") -> None:
        self.fault = fault
        self.path = None if path is None else str(path)
        self.next_step = next_step
        super().__init__(self.message)

    @property
    def message(self) -> str:
        where = f"{self.path}: " if self.path else ""
        step = f" {self.next_step}" if self.next_step else ""
        return f"{where}{self.fault}{step}"


class InputError(TouchpointError):
    """A recording or transcript that cannot be analysed."""

    code = "input"


class ModelError(TouchpointError):
    """Weights that are missing, damaged or unknown."""

    code = "model"


class ConfigError(TouchpointError):
    """An option, rubric or policy that cannot be used."""

    code = "config"
