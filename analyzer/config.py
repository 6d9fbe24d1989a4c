"""What a run is told: one frozen value, and its fingerprint."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field

from analyzer.call import Value
from analyzer.detect.policy import Policy, load_policy
from analyzer.detect.rule import Limits
from analyzer.score.rubric import Rubric, load_rubric

LANGUAGES = ("en", "de")
EngineChoice = Literal["auto", "faster-whisper", "openai-whisper"]


class Options(Value):
    """Everything that decides what a report says, apart from the input and the weights."""

    language: str = "auto"
    languages: tuple[str, ...] = LANGUAGES
    engine: EngineChoice = "auto"
    model: str = "base"
    agent_channel: Literal["auto", "0", "1"] = "auto"
    max_minutes: float = Field(default=240.0, gt=0)
    rubric: Rubric
    policy: Policy
    limits: Limits = Limits()
    use_cache: bool = Field(default=True, exclude=True)

    @property
    def config_sha256(self) -> str:
        """Fingerprint of what decides the verdicts. Weights count by their own SHA-256, whatever they are called."""
        data = self.model_dump_json(exclude={"model"})
        return hashlib.sha256(data.encode("utf-8")).hexdigest()


def options(
    *,
    rubric: str = "service",
    policy: str = "house",
    language: str = "auto",
    engine: EngineChoice = "auto",
    model: str = "base",
    agent_channel: Literal["auto", "0", "1"] = "auto",
    max_minutes: float = 240.0,
    use_cache: bool = True,
) -> Options:
    """Options by name; ConfigError when a rubric or policy cannot be used."""
    return Options(
        rubric=load_rubric(rubric),
        policy=load_policy(policy),
        language=language,
        engine=engine,
        model=model,
        agent_channel=agent_channel,
        max_minutes=max_minutes,
        use_cache=use_cache,
    )
