"""How many threads share a sum: it decides its last digit, and the same call must give the same report."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy  # noqa: F401  (its BLAS must be loaded before it is looked for)
from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[Any]:
    """While it is open, numpy's products are summed by one thread."""
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    """Looking through all libraries of the process takes half a second; numpy's does not change."""
    return ThreadpoolController()
