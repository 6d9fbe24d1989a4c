"""The report as JSON: the published contract `touchpoint/1`."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

from analyzer.call import SCHEMA, Report
from analyzer.errors import InputError

SCHEMA_ID = "urn:touchpoint:report:1"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SHOWN_FAULTS = 3


def to_json(report: Report) -> str:
    """The report in the order of its model, in UTF-8 and with a newline at its end; equal reports, equal bytes."""
    return report.model_dump_json(by_alias=True, indent=2) + "\n"


def report_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of what `to_json` writes: every field is there, null where unknown."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization", schema_generator=_Written)
    head = {
        "$schema": DIALECT,
        "$id": SCHEMA_ID,
        "title": f"Touchpoint report ({SCHEMA})",
        "description": "What was said in one service call, what was found in it, and how it was marked.",
    }
    return head | {key: value for key, value in schema.items() if key not in head}


class _Written(GenerateJsonSchema):
    """Schema of what is written: fields with a default are there, too."""

    def field_is_required(self, *_args: Any, **_kwargs: Any) -> bool:
        return True


def validate(data: dict[str, Any]) -> Report:
    """Read a report back, without coercion; raises `InputError` with the first faults and their places."""
    try:
        return Report.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise InputError(
            f"not a report of {SCHEMA}: {_faults(error)}.", next_step="Write it again with this version of touchpoint."
        ) from None


def _faults(error: ValidationError) -> str:
    faults = [f"{_place(fault['loc'])}: {fault['msg']}" for fault in error.errors(include_url=False)]
    more = len(faults) - SHOWN_FAULTS
    return "; ".join(faults[:SHOWN_FAULTS]) + (f"; and {more} more" if more > 0 else "")


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "(top)"
