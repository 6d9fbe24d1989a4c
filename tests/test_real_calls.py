"""The sample calls from their sound to their verdicts, through the real models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from analyzer.agreement.alignment import align
from analyzer.agreement.comparison import compare
from analyzer.agreement.labels import MarkedTurn, read_marked
from analyzer.call import Report, Turn

ROOT = Path(__file__).parent.parent
CALLS = ROOT / "samples" / "calls"
SCRIPTS = ROOT / "samples" / "scripts"
PRESSED = ("en-retention-severe", "de-retention-severe")
FAIR = ("en-cancel-fair", "de-cancel-fair")
MONO = "en-better-price"
SHORT = "en-appointment-called-off"
pytestmark = pytest.mark.real


def recording(name: str) -> Path:
    (path,) = CALLS.glob(f"{name}.*")
    return path


def run(*arguments: object, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of all samples, made by the command in a process of its own."""
    folder = tmp_path_factory.mktemp("samples") / "out"
    done = run("cli.py", "analyze", CALLS, "--out", folder, "--no-cache")
    assert done.returncode == 2, done.stderr  # the call on one channel cannot be judged, and says so
    assert MONO in done.stdout.split("Not judged in full:")[1]
    return folder


def report(out: Path, name: str) -> Report:
    return Report.model_validate_json((out / f"{name}.json").read_bytes())


def test_every_sample_gets_its_pages(out: Path) -> None:
    names = {path.stem for path in CALLS.iterdir()}
    assert len(names) >= 12
    assert {path.name for path in out.iterdir()} == {
        *(f"{name}.json" for name in names),
        *(f"{name}.html" for name in names),
        "index.html",
        "calls.csv",
    }


@pytest.mark.parametrize("name", PRESSED)
def test_over_persistent_calls_are_severe_and_their_attempts_are_found(out: Path, name: str) -> None:
    result = compare(read_marked(SCRIPTS / f"{name}.json"), report(out, name))
    assert result.severity_found == "severe"
    assert result.after_refusal_recall is not None
    assert result.after_refusal_recall >= 0.8


@pytest.mark.parametrize("name", PRESSED)
def test_every_attempt_after_refusal_has_time_and_quote(out: Path, name: str) -> None:
    found = report(out, name)
    assert found.retention is not None
    pressure = next(finding for finding in found.findings if finding.rule == "retention-pressure")
    shown = {item.turn: item for item in pressure.evidence if item.role == "attempt after refusal"}
    assert set(shown) == set(found.retention.attempts_after_refusal)
    for item in shown.values():
        assert item.start_ms is not None
        assert item.quote in found.turns[item.turn].text


@pytest.mark.parametrize("name", sorted({path.stem for path in SCRIPTS.glob("*.json")} - {*PRESSED, MONO}))
def test_fair_and_ordinary_calls_have_no_pressure(out: Path, name: str) -> None:
    retention = report(out, name).retention
    assert retention is not None
    assert retention.severity == "none"


@pytest.mark.parametrize("name", [
    "en-ignored-requests",
    pytest.param("de-ignored-requests", marks=pytest.mark.xfail(
        reason="the address is not understood, and the pitch is taken for an answer about the advertising calls"
    )),
])  # fmt: skip
def test_calls_with_ignored_requests_are_found(out: Path, name: str) -> None:
    assert "ignored-intent" in {finding.rule for finding in report(out, name).findings}


@pytest.mark.xfail(reason="of the two ignored requests of each call the English billing alone is found by its kind")
@pytest.mark.parametrize("name", ["en-ignored-requests", "de-ignored-requests"])
def test_every_ignored_request_is_found_by_its_kind(out: Path, name: str) -> None:
    result = compare(read_marked(SCRIPTS / f"{name}.json"), report(out, name))
    assert set(result.ignored_marked) <= set(result.ignored_found)


@pytest.mark.parametrize(("name", "rule"), [
    ("en-silo-friction", "silo-friction"),
    ("de-silo-friction", "silo-friction"),
    ("en-process-block", "process-block"),
    ("de-process-block", "process-block"),
    ("en-silo-friction", "dead-air"),
])  # fmt: skip
def test_each_fault_is_found_where_it_was_written(out: Path, name: str, rule: str) -> None:
    assert rule in {finding.rule for finding in report(out, name).findings}


def told_apart(script: Sequence[MarkedTurn], heard: Sequence[Turn]) -> float:
    """Of the turns of each speaker in the script, the share that was heard from that speaker; the smaller of the two.

    A turn was heard where one turn of that speaker in the report holds a good share of its words, in order.
    """
    where = align(script, heard)
    shares = []
    for speaker in ("agent", "customer"):
        own = [index for index, turn in enumerate(script) if turn.speaker == speaker]
        shares.append(sum(bool(where[index]) for index in own) / len(own))
    return min(shares)


def swapped(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    other = {"agent": "customer", "customer": "agent"}
    return tuple(turn.model_copy(update={"speaker": other.get(turn.speaker, turn.speaker)}) for turn in turns)


@pytest.mark.parametrize("name", sorted({path.stem for path in SCRIPTS.glob("*.json")} - {MONO}))
def test_agent_and_customer_are_told_apart_in_every_two_channel_call(out: Path, name: str) -> None:
    """Most of what each of them said is heard from them; the same report with its speakers swapped does not pass."""
    script, heard = read_marked(SCRIPTS / f"{name}.json").turns, report(out, name).turns
    assert told_apart(script, heard) > 0.5
    assert told_apart(script, swapped(heard)) < 0.5


def test_one_channel_is_not_guessed_at(out: Path) -> None:
    found = report(out, MONO)
    assert {turn.speaker for turn in found.turns} == {"unknown"}
    assert found.scorecard.score is None
    assert {verdict.verdict for point in found.scorecard.touchpoints for verdict in point.criteria} == {"cannot_judge"}


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of the cancellation calls through openai-whisper."""
    folder = tmp_path_factory.mktemp("reference") / "out"
    chosen = map(recording, (*PRESSED, *FAIR))
    done = run("cli.py", "analyze", *chosen, "--engine", "openai-whisper", "--no-cache", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", [*PRESSED, *FAIR])
def test_both_engines_give_the_same_severity(out: Path, reference: Path, name: str) -> None:
    theirs, ours = report(reference, name), report(out, name)
    assert theirs.provenance.engine != ours.provenance.engine
    assert theirs.retention is not None
    assert ours.retention is not None
    assert theirs.retention.severity == ours.retention.severity


@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_same_recording_gives_the_same_bytes_on_any_number_of_threads(
    out: Path, tmp_path: Path, threads: str
) -> None:
    names = (SHORT, "de-ignored-requests")
    chosen = map(recording, names)
    done = run("cli.py", "analyze", *chosen, "--no-cache", "--out", tmp_path, env={"OMP_NUM_THREADS": threads})
    assert done.returncode == 0, done.stderr
    for name in names:
        assert (tmp_path / f"{name}.json").read_bytes() == (out / f"{name}.json").read_bytes()


def test_an_installed_wheel_does_the_same_outside_the_checkout(out: Path, tmp_path: Path) -> None:
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    built = run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, ROOT)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("touchpoint_qa-*.whl")
    site = tmp_path / "site"
    installed = run(*pip, "install", "--no-deps", "--target", site, wheel)
    assert installed.returncode == 0, installed.stderr
    start = "import analyzer, sys; assert sys.argv.pop(1) in analyzer.__file__; from analyzer.cli import main; main()"
    done = run(
        "-c", start, site, "analyze", recording(SHORT), "--no-cache", "--out", tmp_path / "reports",
        env={"PYTHONPATH": str(site)}, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / f"{SHORT}.json").read_bytes() == (out / f"{SHORT}.json").read_bytes()


def test_the_gate_stops_the_pressed_calls_and_lets_the_fair_ones_pass(tmp_path: Path) -> None:
    chosen = [recording(name) for name in (*PRESSED, *FAIR)]
    junit = tmp_path / "gate.xml"
    done = run("cli.py", "gate", *chosen, "--fail-on", "retention-pressure:critical", "--junit", junit)
    assert done.returncode == 1, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line[:1] != " "]
    assert {name: verdict for verdict, name in lines} == {
        **dict.fromkeys(PRESSED, "FAIL"),
        **dict.fromkeys(FAIR, "PASS"),
    }
    assert junit.read_text().count("<failure") == 2


def test_reports_hold_against_the_published_schema(out: Path) -> None:
    import jsonschema

    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    for path in out.glob("*.json"):
        jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_bytes()))
