"""What the tokens of a text say of each label: label-wise attention (Mullenbach et al. 2018) over the encoder's states.

A long turn can hold two requests and an answer; the mean of its tokens blurs them. So each label looks at the tokens
with a query of its own, and is read from those that tell it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analyzer.acts import LABELS

Floats = NDArray[np.float32]
PREFIX = "readout."  # of its tensors, which lie beside those of the adapter


class Readout:
    """Logits of every label for one text, read without its call. It is trained by models/adapt.py.

    KeyError where the tensors hold none, ValueError where they know other labels.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.floating]]) -> None:
        query, value, bias = (tensors[PREFIX + name].astype(np.float32) for name in ("query", "value", "bias"))
        if not len(query) == len(value) == len(bias) == len(LABELS):
            raise ValueError(f"the readout knows {len(bias)} labels, not {len(LABELS)}")
        self._query, self._value, self._bias = query.T.copy(), value.T.copy(), bias

    def __call__(self, states: Floats) -> Floats:
        """`states` (tokens, 384) of one text; gives (labels,)."""
        sought = states @ self._query
        attention = np.exp(sought - sought.max(axis=0))
        told = (attention * (states @ self._value)).sum(axis=0) / attention.sum(axis=0)
        logits: Floats = told + self._bias
        return logits
