"""The trained act model on sentences that leave no doubt. Written for these tests; none is training data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.acts import LABELS
from analyzer.call import Turn
from analyzer.errors import ModelError
from analyzer.understand.model import ActModel, act_model

CALLS = {
    "en": [
        ("agent", "Good morning, Alder Insurance, you're speaking with Petra. How can I help?", "greeting", None),
        ("customer", "Hello. I want to cancel my home insurance, please.", "request", "cancel"),
        ("agent", "May I ask why you want to leave us?", "reason_probe", None),
        ("customer", "I don't want to discuss it. Just cancel it, please.", "restate", "cancel"),
        ("agent", "I could offer you thirty percent off for the next twelve months if you stay.", "save_offer", None),
        ("customer", "No, I'm not interested in an offer.", "refuse", None),
        ("agent", "All right, I have cancelled your policy just now.", "done", None),
        ("customer", "Thank you.", "thanks", None),
        ("agent", "Goodbye, and have a nice day.", "farewell", None),
    ],
    "de": [
        ("agent", "Guten Morgen, Erlen Versicherung, mein Name ist Lang. Was darf ich für Sie tun?", "greeting", None),
        ("customer", "Guten Tag. Ich möchte meine Hausratversicherung kündigen.", "request", "cancel"),
        ("agent", "Darf ich fragen, warum Sie uns verlassen möchten?", "reason_probe", None),
        ("customer", "Das möchte ich nicht besprechen. Kündigen Sie den Vertrag bitte.", "restate", "cancel"),
        ("agent", "Wenn Sie bleiben, bekommen Sie ein Jahr lang dreißig Prozent Rabatt.", "save_offer", None),
        ("customer", "Nein, ich will kein Angebot.", "refuse", None),
        ("agent", "In Ordnung, ich habe Ihren Vertrag soeben gekündigt.", "done", None),
        ("customer", "Vielen Dank.", "thanks", None),
        ("agent", "Auf Wiederhören und einen schönen Tag.", "farewell", None),
    ],
}  # fmt: skip
ROLES = {
    ("en", "agent"): [
        "Thank you for calling Alder Insurance, how can I help you today?",
        "Could I take your policy number, please?",
        "Let me just bring up your account.",
        "I've cancelled that for you, you'll get a confirmation by email.",
        "I can offer you twenty percent off if you stay with us.",
        "Is there anything else I can do for you today?",
    ],
    ("en", "customer"): [
        "I'd like to cancel my contract, please.",
        "I've been waiting for my refund for three weeks now.",
        "My internet has been down since yesterday.",
        "I already told your colleague that last week.",
        "No, I don't want your offer.",
        "My customer number is four four seven one.",
    ],
    ("de", "agent"): [
        "Willkommen bei der Erlen Versicherung, was kann ich für Sie tun?",
        "Nennen Sie mir bitte Ihre Kundennummer?",
        "Ich schaue mir kurz Ihren Vertrag an.",
        "Ich habe das für Sie storniert, Sie bekommen eine Bestätigung per E-Mail.",
        "Ich kann Ihnen zwanzig Prozent Nachlass anbieten, wenn Sie bei uns bleiben.",
        "Kann ich sonst noch etwas für Sie tun?",
    ],
    ("de", "customer"): [
        "Ich möchte meinen Vertrag kündigen, bitte.",
        "Ich warte seit drei Wochen auf meine Rückzahlung.",
        "Mein Internet geht seit gestern nicht.",
        "Das habe ich Ihrer Kollegin letzte Woche schon gesagt.",
        "Nein, ich will Ihr Angebot nicht.",
        "Meine Kundennummer ist vier vier sieben eins.",
    ],
}


def call(language: str, speaker: str | None = None) -> tuple[Turn, ...]:
    return tuple(
        Turn(index=index, speaker=speaker or said, start_ms=None, end_ms=None, text=text)  # type: ignore[arg-type]
        for index, (said, text, _, _) in enumerate(CALLS[language])
    )


@pytest.fixture(scope="module")
def model(real_cache: Path) -> Iterator[ActModel]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOUCHPOINT_CACHE", str(real_cache))
        yield act_model()


@pytest.fixture(scope="module")
def understood(model: ActModel) -> dict[str, tuple[Turn, ...]]:
    return {language: model.understand(call(language), language).turns for language in CALLS}


@pytest.fixture(scope="module")
def odds(model: ActModel) -> dict[str, float]:
    sentences = [sentence for said in ROLES.values() for sentence in said]
    return dict(zip(sentences, model.agent_log_odds(sentences), strict=True))


@pytest.mark.real
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("index", range(9), ids=[act for _, _, act, _ in CALLS["en"]])
def test_an_obvious_sentence_has_its_act(understood: dict[str, tuple[Turn, ...]], language: str, index: int) -> None:
    turn = understood[language][index]
    _, _, act, kind = CALLS[language][index]
    wanted = {"request", "restate"} if kind else {act}  # the same wish again may count as either

    assert wanted & {held.act for held in turn.acts}
    if kind:
        assert kind in turn.kinds("request", "restate")


ONE_IS_TOO_LITTLE = pytest.mark.xfail(
    reason="one sentence is too little: 81% of the development turns, but all 32 development calls as a whole"
)
MISTAKEN = {("en", "agent", 1), ("en", "agent", 2), ("de", "agent", 2), ("de", "agent", 3), ("de", "agent", 5)}


@pytest.mark.real
@pytest.mark.parametrize(
    ("language", "speaker", "index"),
    [
        pytest.param(*role, index, marks=ONE_IS_TOO_LITTLE if (*role, index) in MISTAKEN else ())
        for role in ROLES
        for index in range(6)
    ],
)
def test_who_says_it_is_heard_from_one_sentence(
    odds: dict[str, float], language: str, speaker: str, index: int
) -> None:
    assert (odds[ROLES[language, speaker][index]] > 0) == (speaker == "agent")


@pytest.mark.real
@pytest.mark.parametrize("language", ["en", "de"])
def test_who_is_unknown_does_nothing(model: ActModel, language: str) -> None:
    understood = model.understand(call(language, "unknown"), language)

    assert all(turn.acts == () for turn in understood.turns)
    assert understood.topics == {}


@pytest.mark.real
def test_the_same_call_is_understood_the_same_twice(model: ActModel) -> None:
    first = model.understand(call("en"), "en")
    model.understand(call("de"), "de")

    assert model.understand(call("en"), "en") == first


@pytest.mark.real
def test_acts_belong_to_who_speaks_and_have_a_confidence(understood: dict[str, tuple[Turn, ...]]) -> None:
    turns = (*understood["en"], *understood["de"])

    assert all((turn.speaker, act.act) in LABELS for turn in turns for act in turn.acts)
    assert all(0 < act.confidence <= 1 for turn in turns for act in turn.acts)
    assert all((act.kind is not None) == (act.act in ("request", "restate")) for turn in turns for act in turn.acts)


@pytest.mark.real
def test_a_turn_without_words_does_nothing(model: ActModel) -> None:
    turns = (Turn(index=0, speaker="agent", start_ms=None, end_ms=None, text=" "),)

    assert model.understand(turns, "en").turns[0].acts == ()
    assert model.understand((), "en").turns == ()


class NoEncoder:
    name = "none"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"heads.json": "not json"},
        {"heads.json": "{}", "heads.safetensors": "not tensors"},
    ],
    ids=["missing", "not json", "not tensors"],
)
def test_heads_that_cannot_be_read_name_the_way_out(tmp_path: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)

    with pytest.raises(ModelError, match=r"trained heads cannot be read.*install touchpoint-qa again"):
        ActModel(tmp_path, NoEncoder())  # type: ignore[arg-type]


def test_heads_of_another_version_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    (tmp_path / "heads.json").write_text(json.dumps({"version": "1", "labels": [["agent", "sings"]], "members": 0}))
    for name in ("heads", "adapter"):
        save_file({"x": torch.zeros(1)}, str(tmp_path / f"{name}.safetensors"))

    with pytest.raises(ModelError, match="other acts than this version"):
        ActModel(tmp_path, NoEncoder())  # type: ignore[arg-type]


def test_heads_of_another_shape_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    settings = {"version": "1", "labels": LABELS, "members": 1, "hidden": 8, "temperature": 1.0, "thresholds": []}
    (tmp_path / "heads.json").write_text(json.dumps(settings))
    for name in ("heads", "adapter"):
        save_file({"member0.x": torch.zeros(1)}, str(tmp_path / f"{name}.safetensors"))

    with pytest.raises(ModelError, match="another shape"):
        ActModel(tmp_path, NoEncoder())  # type: ignore[arg-type]
