"""The terminal through rich."""

from __future__ import annotations

from rich.console import Console


class PlainConsole(Console):
    """A console that leaves text as it is. Where its reader is gone it raises; rich would end with exit code 1."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError
