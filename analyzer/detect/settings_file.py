"""Settings that are data, policies and rubrics: shipped by name or given as a file, read with suspicion."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from analyzer.call import Value
from analyzer.errors import ConfigError

MAX_BYTES = 200_000
MAX_DEPTH = 20
Settings = TypeVar("Settings", bound=Value)


def load_settings(form: type[Settings], name: str, folder: Path) -> Settings:
    """The shipped settings of that name, or a YAML file; ConfigError names file, place, fault and next step."""
    noun = form.__name__.lower()
    shipped = sorted(file.stem for file in folder.glob("*.yaml"))
    path = folder / f"{name}.yaml" if name in shipped else Path(name)
    compare = f"Compare it with {shipped[0]}.yaml."
    try:
        if not path.is_file():
            raise ConfigError(
                f"there is no {noun} {name!r}.", next_step=f"Shipped: {', '.join(shipped)}. Or give a YAML file."
            )
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"is too large for a {noun}.", path=path, next_step=f"Keep it under {MAX_BYTES} bytes.")
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        step = "Check the name, and the rights to the file and its folder."
        raise ConfigError(f"cannot be read ({fault.strerror or fault}).", path=path, next_step=step) from fault
    except UnicodeDecodeError as fault:
        raise ConfigError(f"cannot be read: {fault}.", path=path, next_step="Give a text file in UTF-8.") from fault
    try:
        return form.model_validate(_parse(text))
    except ValidationError as fault:
        raise ConfigError(f"is not a {noun}: {_first(fault)}", path=path, next_step=compare) from fault
    except yaml.YAMLError as fault:
        raise ConfigError(f"is not YAML: {fault}.", path=path, next_step=compare) from fault


def _parse(text: str) -> object:
    """YAML, shallow and without aliases; every way in which it breaks is a YAMLError."""
    _hold_harmless(text)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise
    except Exception as fault:  # dates and numbers that only look like some end in errors of many kinds
        raise yaml.YAMLError(f"a value cannot be read ({fault})") from fault


def _hold_harmless(text: str) -> None:
    """YAMLError where a small file would blow up: aliases multiply, and deep brackets take quadratic time."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("it uses aliases (*name); write the value out")
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"it is nested more than {MAX_DEPTH} deep")


def _first(fault: ValidationError) -> str:
    error = fault.errors()[0]
    return f"{'.'.join(str(step) for step in error['loc']) or 'the file'}: {error['msg']}."
