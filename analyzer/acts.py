"""The dialogue acts that a turn can hold (several may; ISO 24617-2). What each means: models/data/LABELS.md."""

from __future__ import annotations

from typing import get_args

from analyzer.call import Move, RequestKind

KINDS: tuple[str, ...] = get_args(RequestKind)
MOVES: tuple[str, ...] = get_args(Move)
AGENT_ACTS = (
    "greeting", "introduction", "identity_check", "acknowledge", "clarify", "answer", "done", "commit", "decline",
    "empathy", "apology", "reason_probe", "save_offer", "persuasion", "guilt", "threat", "obstruction", "hold_notice",
    "transfer", "process_block", "silo", "closing", "farewell",
)  # fmt: skip
CUSTOMER_ACTS = (
    "greeting", "request", "restate", "refuse", "reason", "ask_offer", "hesitate", "agree", "withdraw",
    "frustration", "thanks", "repeat_complaint", "follow_up", "inform", "farewell",
)  # fmt: skip
ACTS: tuple[str, ...] = tuple(dict.fromkeys((*AGENT_ACTS, *CUSTOMER_ACTS)))
RESPONSES = (
    "acknowledge", "identity_check", "clarify", "answer", "done", "commit", "decline", "transfer", "hold_notice"
)  # fmt: skip
IN_WORDS = ("acknowledge", "answer", "done", "commit", "decline", "transfer")  # responses that take a wish up in words
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {  # who, and the acts of which a turn holds at least one
    "move": ("agent", MOVES),
    "response": ("agent", RESPONSES),
    "in_words": ("agent", IN_WORDS),
    "refusal": ("customer", ("refuse", "restate:cancel")),
}
LABELS: tuple[tuple[str, str], ...] = (
    *(("agent", act) for act in AGENT_ACTS),
    *(("customer", act) for act in CUSTOMER_ACTS),
    *(("kind", kind) for kind in KINDS),  # of what a customer's turn asks
    *(("about", kind) for kind in KINDS),  # of the requests that an agent's turn responds to
    *(("group", name) for name in GROUPS),
)
