"""The prompts that the small model understands: a fixed table, with made-up embeddings.

A clause is one token: the sum of a vector for whom it is about and one for what happens. The
vectors are random, so the model has to learn what they mean.
"""

import hashlib
import itertools

import numpy as np
import torch
from torch import Tensor

from wanmove_core.bench.world_objects import COLOURS
from wanmove_core.bench.world_v2 import ACTIONS, CAMERAS

WIDTH = 4096


def embed(prompt: str) -> Tensor:
    """Embedding [clauses, 4096] of a prompt whose clauses are joined by ", "; "" has none."""
    clauses = [clause for clause in prompt.split(", ") if clause]
    return torch.stack([_clause(c) for c in clauses]) if clauses else torch.zeros(0, WIDTH)


def _clause(clause: str) -> Tensor:
    who, what = next(
        (who, clause.removeprefix(who).strip()) for who in _subjects() if clause.startswith(who)
    )
    if what not in (*ACTIONS, *CAMERAS):
        raise ValueError(f"{clause!r} must end in something of the table.")
    return _vector(who) + _vector(what)


def _subjects() -> list[str]:
    return [*(f"the {colour} one" for colour in COLOURS), "the camera"]


def _vector(name: str) -> Tensor:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return torch.from_numpy(np.random.default_rng(seed).normal(size=WIDTH)).float()


def table() -> dict[str, Tensor]:
    """Every prompt of one clause, the empty one, and every pair of directions of two objects."""
    single = [f"{who} {what}" for who in _subjects()[:-1] for what in ACTIONS]
    single += [f"the camera {what}" for what in CAMERAS]
    return {"": torch.zeros(1, WIDTH)} | {prompt: embed(prompt) for prompt in single}


def known_clauses() -> set[str]:
    """All clauses of the table."""
    pairs = itertools.product(_subjects()[:-1], ACTIONS)
    return {f"{who} {what}" for who, what in pairs} | {f"the camera {c}" for c in CAMERAS}
