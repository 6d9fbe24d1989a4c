"""From words with times to turns: what one side says before the other speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.call import Speaker, Turn, Word

PAUSE_MS = 600  # a pause in which the other side may come in without it being an overlap
SILENCE_MS = 5000  # who is silent for so long and goes on, begins another turn


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words of one channel without a pause between them."""

    channel: int
    words: tuple[Word, ...]

    @property
    def start_ms(self) -> int:
        return self.words[0].start_ms

    @property
    def end_ms(self) -> int:
        return max(word.end_ms for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def utterances(words: Sequence[Word]) -> tuple[Utterance, ...]:
    """Utterances of all channels in order of their start."""
    found: list[Utterance] = []
    for channel in sorted({word.channel for word in words}):
        group: list[Word] = []
        for word in (word for word in words if word.channel == channel):
            if group and word.start_ms - group[-1].end_ms >= PAUSE_MS:
                found.append(Utterance(channel, tuple(group)))
                group = []
            group.append(word)
        found.append(Utterance(channel, tuple(group)))
    return tuple(sorted(found, key=lambda utterance: (utterance.start_ms, utterance.channel)))


def merge_turns(words: Sequence[Word], speakers: Mapping[int, Speaker]) -> tuple[Turn, ...]:
    """Turns of a call from the words of its channels.

    Utterances of one channel that follow each other are one turn, but for a silence of five seconds, which must not
    disappear inside it. Where both speak at once the turns overlap in time, as they did in the call. `speakers` names
    who is on which channel; a channel it lacks is `unknown`.
    """
    return tuple(
        Turn(
            index=index,
            speaker=speakers.get(parts[0].channel, "unknown"),
            start_ms=parts[0].start_ms,
            end_ms=max(part.end_ms for part in parts),
            text=" ".join(part.text for part in parts),
        )
        for index, parts in enumerate(_grouped(utterances(words)))
    )


def _grouped(spoken: Sequence[Utterance]) -> list[list[Utterance]]:
    groups: list[list[Utterance]] = []
    for part in spoken:
        last = groups[-1][-1] if groups else None
        if last is not None and last.channel == part.channel and part.start_ms - last.end_ms < SILENCE_MS:
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def split_turns(words: Sequence[Word]) -> tuple[Turn, ...]:
    """Turns of a recording in which everybody is on one channel: a turn ends at a pause, all are `unknown`."""
    return tuple(
        Turn(index=index, speaker="unknown", start_ms=part.start_ms, end_ms=part.end_ms, text=part.text)
        for index, part in enumerate(utterances(words))
    )
