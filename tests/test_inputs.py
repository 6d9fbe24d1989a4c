"""Which files the arguments of a command lead to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import InputError
from analyzer.inputs import GivenFiles, Input, find_inputs

TRANSCRIPT = {"id": "a", "language": "en", "turns": [{"speaker": "agent", "text": "Hello."}]}


def put(path: Path, content: object = b"RIFF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def names(inputs: Sequence[Input], root: Path) -> list[str]:
    return [item.path.relative_to(root).as_posix() for item in inputs]


def faults(errors: Sequence[InputError]) -> list[tuple[str | None, str]]:
    return [(error.path, error.fault) for error in errors]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """
    calls/b.wav  calls/a.MP3  calls/notes.txt  calls/t.json  calls/other.json
    calls/2024/c.m4a  calls/2024/deep/d.opus  calls/.hidden.wav  calls/.cache/e.wav
    """
    root = tmp_path / "calls"
    for name in ("b.wav", "a.MP3", "notes.txt", "2024/c.m4a", "2024/deep/d.opus", ".hidden.wav", ".cache/e.wav"):
        put(root / name)
    put(root / "t.json", TRANSCRIPT)
    put(root / "other.json", {"settings": 1})
    return root


def test_a_folder_is_searched_in_full(calls: Path) -> None:
    """Recordings and transcripts at any depth, sorted; no hidden files, no other files."""
    inputs, errors = find_inputs([str(calls)])

    assert names(inputs, calls) == ["2024/c.m4a", "2024/deep/d.opus", "a.MP3", "b.wav", "t.json"]
    assert [item.form for item in inputs] == ["recording"] * 4 + ["transcript"]
    assert errors == ()


def test_files_keep_the_order_in_which_they_are_named(calls: Path) -> None:
    """The order of the arguments is kept, and paths stay as they were written."""
    arguments = [str(calls / "t.json"), str(calls / "b.wav"), str(calls / "a.MP3")]

    inputs, errors = find_inputs(arguments)

    assert [str(item.path) for item in inputs] == arguments
    assert errors == ()


def test_a_file_reached_twice_counts_once(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, by folder, by glob, by a detour and by a link: one input, as first named."""
    (calls / "link.wav").symlink_to(calls / "b.wav")
    monkeypatch.chdir(calls)

    inputs, errors = find_inputs(["b.wav", "./b.wav", "2024/../b.wav", str(calls / "b.wav"), "link.wav", "*.wav"])

    assert inputs == (Input(Path("b.wav"), "recording"),)
    assert errors == ()


def test_one_missing_file_does_not_stop_the_others(calls: Path) -> None:
    """Each fault is an error of its own with a next step; the rest is found."""
    empty = calls.parent / "empty"
    put(empty / "readme.txt")
    gone, pattern = str(calls / "gone.wav"), str(calls / "*.flac")

    inputs, errors = find_inputs([gone, str(empty), str(calls / "b.wav"), pattern])

    assert names(inputs, calls) == ["b.wav"]
    assert faults(errors) == [
        (gone, "there is no such file or folder."),
        (str(empty), "the folder holds no recordings."),
        (pattern, "no file matches."),
    ]
    assert all(error.next_step for error in errors)


def test_nothing_named_leads_to_nothing() -> None:
    """No arguments: no inputs and no errors."""
    assert find_inputs([]) == ((), ())


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.wav", ["b.wav"]),
        ("?.*", ["a.MP3", "b.wav", "t.json"]),
        ("*", ["2024/c.m4a", "2024/deep/d.opus", "a.MP3", "b.wav", "t.json"]),
        ("**/*.opus", ["2024/deep/d.opus"]),
        ("**", ["2024/c.m4a", "2024/deep/d.opus", "a.MP3", "b.wav", "t.json"]),
        ("20*", ["2024/c.m4a", "2024/deep/d.opus"]),
        ("**/de*", ["2024/deep/d.opus"]),
        ("[ab].*", ["a.MP3", "b.wav"]),
        ("*.json", ["t.json"]),
    ],
)
def test_globs_in_quotes(calls: Path, pattern: str, found: list[str]) -> None:
    """A pattern that the shell left alone is resolved here; folders that match are searched."""
    inputs, errors = find_inputs([str(calls / pattern)])

    assert names(inputs, calls) == found
    assert errors == ()


def test_a_glob_that_matches_no_recording(calls: Path) -> None:
    """The message tells a pattern without a match from one that matches something else."""
    _, errors = find_inputs([str(calls / "*.txt")])

    assert faults(errors) == [(str(calls / "*.txt"), "nothing that matches is a recording.")]


def test_a_name_with_brackets_is_a_name(tmp_path: Path) -> None:
    """What exists is never taken as a pattern."""
    path = put(tmp_path / "call [1].wav")
    folder = put(tmp_path / "old [a]" / "b.wav").parent

    inputs, errors = find_inputs([str(path), str(folder)])

    assert names(inputs, tmp_path) == ["call [1].wav", "old [a]/b.wav"]
    assert errors == ()


def test_a_recording_named_by_itself_may_have_any_suffix(tmp_path: Path) -> None:
    """The decoder finds out what it is."""
    inputs, _ = find_inputs([str(put(tmp_path / "call.dat")), str(put(tmp_path / "call"))])

    assert [item.form for item in inputs] == ["recording", "recording"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"settings": 1}, "this is JSON without a list of turns, not a transcript."),
        ({"of": '"turns"'}, "this is JSON without a list of turns, not a transcript."),
        ([{"turns": []}], "this is JSON without a list of turns, not a transcript."),
        ({"schema": "touchpoint/1", "turns": []}, "this is a report, not a transcript."),
    ],
)
def test_other_json(tmp_path: Path, content: object, fault: str) -> None:
    """JSON that is no transcript is an error when named, and left out in a folder."""
    path = put(tmp_path / "x.json", content)
    put(tmp_path / "a.wav")

    assert faults(find_inputs([str(path)])[1]) == [(str(path), fault)]
    inputs, errors = find_inputs([str(tmp_path)])
    assert (names(inputs, tmp_path), errors) == (["a.wav"], ())


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"id": "a", "turns": [{"speaker": "agent", "te', "the file is not valid JSON (Unterminated string"),
        (b'{"id": "a", "langu', "the file is not valid JSON (Unterminated string"),
        (b'{"turns": ' + b"[" * 100_000, "the file is not valid JSON ("),
        (b'\xff\xfe"turns"', "the file is not text in UTF-8."),
        (b"", "the file is not valid JSON (Expecting value: line 1 column 1"),
        ({"turns": 3}, "this is JSON without a list of turns, not a transcript."),
    ],
)
def test_a_transcript_that_is_broken_is_never_passed_over(tmp_path: Path, content: object, fault: str) -> None:
    """Nobody would notice that this call was not judged: so it is an error in folders and globs too."""
    path = put(tmp_path / "x.json", content)
    put(tmp_path / "a.wav")

    for argument in (str(path), str(tmp_path), str(tmp_path / "*.json"), str(tmp_path / "**")):
        inputs, [error] = find_inputs([argument])
        assert error.path == str(path)
        assert error.fault.startswith(fault)
        assert 'A transcript is JSON of the form {"turns": [...]}.' in error.next_step
        assert [item.path.name for item in inputs] in ([], ["a.wav"])
    assert len(find_inputs([str(tmp_path)])[0]) == 1


def test_a_transcript_that_cannot_be_opened_is_never_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "x.json", TRANSCRIPT)

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)

    assert faults(find_inputs([str(tmp_path)])[1]) == [(str(path), "the file cannot be opened (Permission denied).")]


def test_a_broken_transcript_reached_twice_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "x.json", b"{")
    monkeypatch.chdir(tmp_path)

    assert len(find_inputs([".", "*.json", str(tmp_path)])[1]) == 1


def test_broken_json_is_told(tmp_path: Path) -> None:
    """The message says where the JSON breaks."""
    path = put(tmp_path / "x.json", b'{"turns": [')

    [(_, fault)] = faults(find_inputs([str(path)])[1])

    assert fault.startswith("the file is not valid JSON (Expecting value: line 1 column 12")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Transcripts saved by Windows programs."""
    path = put(tmp_path / "x.json", b"\xef\xbb\xbf" + json.dumps(TRANSCRIPT).encode())

    assert find_inputs([str(path)])[0] == (Input(path, "transcript"),)


def test_the_output_folder_is_never_searched(calls: Path) -> None:
    """Results that lie among the recordings are left out of folders and globs."""
    out = put(calls / "out" / "old.wav").parent
    put(out / "deep" / "t.json", TRANSCRIPT)

    for argument in (str(calls), str(calls / "*"), str(calls / "**"), str(calls / "**/*.*")):
        inputs, errors = find_inputs([argument], exclude=out)
        assert names(inputs, calls) == ["2024/c.m4a", "2024/deep/d.opus", "a.MP3", "b.wav", "t.json"]
        assert errors == ()


def test_the_output_folder_is_known_by_any_name(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path and a link to the output folder are the output folder."""
    put(calls / "out" / "old.wav")
    (calls / "results").symlink_to(calls / "out")
    monkeypatch.chdir(calls)

    inputs, _ = find_inputs(["."], exclude=Path("results"))

    assert [item.path.as_posix() for item in inputs] == ["2024/c.m4a", "2024/deep/d.opus", "a.MP3", "b.wav", "t.json"]


def test_an_output_folder_that_is_not_there_yet(calls: Path) -> None:
    """The first run: nothing to leave out."""
    assert len(find_inputs([str(calls)], exclude=calls / "out")[0]) == 5


def test_searching_the_output_folder_itself_is_told(calls: Path) -> None:
    """Results written among the recordings: say so rather than find nothing."""
    inputs, errors = find_inputs([str(calls)], exclude=calls)

    assert inputs == ()
    assert faults(errors) == [(str(calls), "this folder is where the results go, so it is not searched.")]


@pytest.mark.parametrize("pattern", ["*.wav", "*.json", "./*", "[ab].*"])
def test_a_glob_over_the_output_folder_itself_is_told(
    calls: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    """There are recordings: what keeps them out is that results go there."""
    monkeypatch.chdir(calls)
    inputs, errors = find_inputs([pattern], exclude=Path())

    assert inputs == ()
    assert faults(errors) == [(pattern, "this folder is where the results go, so it is not searched.")]


def test_a_place_below_the_output_folder_may_be_named(calls: Path) -> None:
    """A file, folder or glob inside the output folder is wanted when it is named itself."""
    arguments = [str(calls / "b.wav"), str(calls / "2024" / "deep"), str(calls / "2024" / "*.m4a")]

    inputs, errors = find_inputs(arguments, exclude=calls)

    assert names(inputs, calls) == ["b.wav", "2024/deep/d.opus", "2024/c.m4a"]
    assert errors == ()


def test_links_in_a_circle_end(calls: Path) -> None:
    """A link to the folder above it does not search for ever."""
    (calls / "2024" / "up").symlink_to(calls)

    inputs, _ = find_inputs([str(calls)])

    assert len(inputs) == 5


def test_a_link_to_nowhere(calls: Path) -> None:
    """Named, it is an error; in a folder it is left out."""
    (calls / "dead.wav").symlink_to(calls / "gone.wav")

    inputs, errors = find_inputs([str(calls), str(calls / "dead.wav")])

    assert len(inputs) == 5
    assert faults(errors) == [(str(calls / "dead.wav"), "this is not an ordinary file.")]


def test_a_folder_that_cannot_be_read_is_told(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing rights on one folder cost that folder, not the others."""
    scan = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path).name == "2024":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)

    inputs, errors = find_inputs([str(calls)])

    assert names(inputs, calls) == ["a.MP3", "b.wav", "t.json"]
    assert faults(errors) == [(str(calls / "2024"), "the folder cannot be read (Permission denied).")]


@pytest.fixture
def refuse_to_look(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`refuse_to_look(name)`: nobody may see what files of this name are, as in a folder without the right to enter."""
    look = os.stat

    def refuse(name: str) -> None:
        def stat(path: Any, **given: Any) -> os.stat_result:
            if isinstance(path, str | Path) and Path(path).name == name:
                raise PermissionError(13, "Permission denied", str(path))
            return look(path, **given)

        monkeypatch.setattr(os, "stat", stat)

    return refuse


@pytest.mark.parametrize("form", ["{calls}/locked.wav", "{calls}", "{calls}/*", "{calls}/*.wav", "{calls}/**"])
def test_a_file_that_cannot_be_reached_stops_no_other(
    calls: Path, refuse_to_look: Callable[[str], None], form: str
) -> None:
    """Named, in a folder and in a glob."""
    locked = put(calls / "locked.wav")
    refuse_to_look(locked.name)

    inputs, errors = find_inputs([form.format(calls=calls), str(calls / "b.wav"), str(calls / "a.MP3")])

    assert faults(errors) == [(str(locked), "this cannot be reached (Permission denied).")]
    assert errors[0].next_step
    assert {"b.wav", "a.MP3"} <= set(names(inputs, calls))


def test_what_is_no_recording_need_not_be_reached(calls: Path, refuse_to_look: Callable[[str], None]) -> None:
    refuse_to_look("notes.txt")

    assert find_inputs([str(calls)])[1] == ()


def test_a_name_that_is_too_long_for_the_system_stops_no_other(calls: Path) -> None:
    long = str(calls / ("x" * 300 + ".wav"))

    inputs, errors = find_inputs([long, str(calls / "b.wav")])

    assert names(inputs, calls) == ["b.wav"]
    assert faults(errors) == [(long, "this cannot be reached (File name too long).")]


def test_a_link_to_itself_stops_no_other(calls: Path) -> None:
    (calls / "loop.wav").symlink_to(calls / "loop.wav")

    inputs, errors = find_inputs([str(calls / "*.wav"), str(calls / "loop.wav")], exclude=calls / "out")

    assert names(inputs, calls) == ["b.wav"]
    assert faults(errors) == [(str(calls / "loop.wav"), "this is not an ordinary file.")]


def test_what_was_given_is_known_by_any_of_its_names(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (calls / "link.json").symlink_to(calls / "t.json")
    (calls / "here").symlink_to(calls)
    monkeypatch.chdir(calls)
    given = GivenFiles(["t.json", "gone.json"])

    for name in ("t.json", "./t.json", "2024/../t.json", "link.json", "here/t.json"):
        assert Path(name) in given
        assert calls / name in given
    assert Path("other.json") not in given
    assert Path("gone.json") not in given  # nothing is lost where nothing is
