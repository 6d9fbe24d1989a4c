"""Policies: where a company (or a court) draws the line on keeping customers, as data."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from analyzer.call import Move, Value
from analyzer.errors import ConfigError
from analyzer.resources import PACKAGE

FOLDER = PACKAGE / "policies"


class AfterRefusal(Value):
    """What follows from attempts after the customer's first no."""

    mild_at_most: int = Field(ge=0)
    always_severe: tuple[Move, ...]


class Policy(Value):
    """One policy file."""

    name: str
    source: str
    after_refusal: AfterRefusal


def load_policy(name: str) -> Policy:
    """A shipped policy by name, or a file; ConfigError when it is neither or broken."""
    path = FOLDER / f"{name}.yaml" if (FOLDER / f"{name}.yaml").is_file() else Path(name)
    if not path.is_file():
        shipped = ", ".join(sorted(file.stem for file in FOLDER.glob("*.yaml")))
        raise ConfigError(f"there is no policy {name!r}.", next_step=f"Shipped: {shipped}. Or give a YAML file.")
    try:
        return Policy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError) as fault:
        raise ConfigError(f"is not a policy: {fault}", path=path, next_step="Compare it with house.yaml.") from fault
