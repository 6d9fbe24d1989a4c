"""Pages that stand alone: one file, no network, every inlined script and style named by its hash."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analyzer.report import words

# What could end a script element, open a comment in it, or end a line of JavaScript.
SCRIPT_ESCAPES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


def render(template: str, *, styles: tuple[str, ...], script: str, **context: Any) -> str:
    """Fill a page's template; its style, script and policy come in as `style`, `script` and `policy`."""
    style, code = "".join(map(_asset, styles)), _asset(script)
    inlined = {"style": Markup(style), "script": Markup(code), "policy": content_policy(style, code)}
    return environment().get_template(template).render(**inlined, **context)


def content_policy(style: str, script: str) -> str:
    """Content-Security-Policy that forbids any network, and any script or style but these two."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "media-src data:; base-uri 'none'; form-action 'none'"
    )


def script_data(data: str) -> Markup:
    """JSON text that is harmless inside a script element."""
    json.loads(data)
    return Markup(data.translate(SCRIPT_ESCAPES))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates with escaping everywhere and the plain words as filters."""
    made = Environment(
        loader=PackageLoader("analyzer.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (
        words.act_words, words.at, words.check_name, words.clock, words.confidence_words, words.count_words,
        words.critical_names, words.fact_name, words.fact_words, words.language_name, words.mark_name,
        words.move_words, words.passed_words, words.readable, words.rule_title, words.score_words, words.seconds_clock,
        words.times_words,
    ):  # fmt: skip
        made.filters[filter_.__name__] = filter_
    made.globals["words"] = words
    return made


@lru_cache
def _asset(name: str) -> str:
    return (files("analyzer.report") / "templates" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
