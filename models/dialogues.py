"""Read the training dialogues of models/data (format and acts: models/data/LABELS.md)."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from analyzer.acts import AGENT_ACTS, CUSTOMER_ACTS, KINDS, RESPONSES

OUTCOMES = ("resolved", "committed", "handed_over", "declined", "withdrawn", "acknowledged", "ignored")
SEVERITIES = ("none", "mild", "severe")
TURN = re.compile(r"^(?P<speaker>[AC]): (?P<text>.+?) ?\[(?P<acts>[a-z_:@ ]*)\]$")


@dataclass(frozen=True, slots=True)
class DialogueTurn:
    """One marked turn; an act of a request or restate carries its intent kind: `request:cancel`. `about` are the kinds
    that a turn of the agent responds to, empty where it responds to none or where nobody marked it."""

    speaker: str
    text: str
    acts: tuple[str, ...]
    about: frozenset[str] = frozenset()

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(act.partition(":")[2] for act in self.acts if ":" in act)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One marked call: turns in order, (kind, outcome) per intent, severity of retention pressure."""

    id: str
    language: str
    sector: str
    turns: tuple[DialogueTurn, ...]
    outcomes: tuple[tuple[str, str], ...]
    severity: str

    @property
    def responses(self) -> tuple[frozenset[str], ...]:
        """The kinds that each turn responds to: as marked, or in a call with one kind of request where nothing is
        marked, that kind for every response once it was stated."""
        kinds = frozenset(kind for kind, _ in self.outcomes)
        if len(kinds) != 1 or any(turn.about for turn in self.turns):
            return tuple(turn.about for turn in self.turns)
        first = next((row for row, turn in enumerate(self.turns) if turn.kinds), len(self.turns))
        return tuple(
            kinds if row > first and turn.speaker == "agent" and not {*RESPONSES}.isdisjoint(turn.acts) else frozenset()
            for row, turn in enumerate(self.turns)
        )


class DialogueError(ValueError):
    """A training file breaks the format; the message names file, line and fault."""


def parse_turn(line: str, where: str) -> DialogueTurn:
    match = TURN.match(line)
    if match is None:
        raise DialogueError(f"{where}: not a turn 'A: words [acts]': {line[:80]!r}")
    speaker = {"A": "agent", "C": "customer"}[match["speaker"]]
    allowed = AGENT_ACTS if speaker == "agent" else CUSTOMER_ACTS
    acts: list[str] = []
    about: set[str] = set()
    for token in match["acts"].split():
        if token.startswith("@"):
            if speaker != "agent" or token[1:] not in KINDS:
                raise DialogueError(f"{where}: {token!r}: only an agent's turn is @ a kind of request")
            about.add(token[1:])
            continue
        act, _, this_kind = token.partition(":")
        if act not in allowed:
            raise DialogueError(f"{where}: {act!r} is not an act of the {speaker}")
        if (act in {"request", "restate"}) != bool(this_kind) or (this_kind and this_kind not in KINDS):
            raise DialogueError(f"{where}: {token!r}: request and restate need a kind, others take none")
        acts.append(token)
    return DialogueTurn(speaker, match["text"], tuple(dict.fromkeys(acts)), frozenset(about))


def parse_call(block: str, path: Path, first_line: int) -> Dialogue:
    head: dict[str, str] = {}
    turns: list[DialogueTurn] = []
    outcomes: list[tuple[str, str]] = []
    severity = ""
    for offset, raw in enumerate(block.split("\n")):
        line, where = raw.strip(), f"{path}:{first_line + offset}"
        if not line:
            continue
        if line.startswith("= "):
            key, _, value = line[2:].partition(" ")
            value = value.strip()
            if key == "severity" and value in SEVERITIES:
                severity = value
            elif key in KINDS and value in OUTCOMES:
                outcomes.append((key, value))
            else:
                raise DialogueError(f"{where}: not a result line: {line!r}")
        elif line.startswith(("A:", "C:")):
            turns.append(parse_turn(line, where))
        else:
            key, colon, value = line.partition(":")
            if not colon or turns or key not in {"call", "language", "sector", "note"}:
                raise DialogueError(f"{where}: unexpected line: {line[:80]!r}")
            head[key] = value.strip()
    if not turns or not severity or not {"call", "language", "sector"} <= head.keys():
        raise DialogueError(f"{path}:{first_line}: a call needs call, language, sector, turns and = severity")
    missing = frozenset[str]().union(*(turn.kinds for turn in turns)) - {kind for kind, _ in outcomes}
    if missing:
        raise DialogueError(f"{path}:{first_line}: {head['call']}: no outcome line for {sorted(missing)}")
    unasked = frozenset[str]().union(*(turn.about for turn in turns)) - {kind for kind, _ in outcomes}
    if unasked:
        raise DialogueError(
            f"{path}:{first_line}: {head['call']}: turns are about what nobody asked: {sorted(unasked)}"
        )
    return Dialogue(head["call"], head["language"], head["sector"], tuple(turns), tuple(outcomes), severity)


def read_file(path: Path) -> list[Dialogue]:
    text = path.read_text(encoding="utf-8")
    calls, line = [], 1
    for block in re.split(r"^---[ \t]*$", text, flags=re.MULTILINE):
        if block.strip():
            calls.append(parse_call(block, path, line))
        line += block.count("\n")
    return calls


def read_folder(folder: Path) -> list[Dialogue]:
    """Every dialogue under a folder, in file order; ids are unique or DialogueError."""
    calls = [call for path in sorted(folder.rglob("*.txt")) for call in read_file(path)]
    ids = [call.id for call in calls]
    doubled = sorted({name for name in ids if ids.count(name) > 1})
    if doubled:
        raise DialogueError(f"{folder}: ids used twice: {', '.join(doubled[:5])}")
    return calls


if __name__ == "__main__":
    found = read_folder(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
    print(f"{len(found)} calls, {sum(len(call.turns) for call in found)} turns, no fault")
