"""The weights file of the gateway: `write` it from a checkpoint, `read` it back as the encoder that the gateway runs."""

import argparse
import io
import json
import struct

import numpy as np
import torch
from blake3 import blake3

import data
from model import LABELS, PARTS, Encoder
from text import POSITIONS, SPECIAL, Tokens, look
from train import load

MAGIC = b"FDE1"
LINEAR = {"query", "key", "value", "out", "up", "down"}


def quantised(rows):
    """Each row as its scale and its weights of eight bits."""
    rows = rows.numpy().astype(np.float32)
    scales = np.abs(rows).max(1) / np.float32(127)
    small = np.rint(rows / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8)
    return b"".join(struct.pack("<f", scale) + row.tobytes() for scale, row in zip(scales, small))


def floats(values):
    return values.numpy().astype("<f4").tobytes()


def write(path, model, tokens, eps, temperature):
    hidden, layer = model.words.shape[1], model.layers[0]
    out = [MAGIC]
    out += [struct.pack("<BBHHH", len(model.layers), layer.heads, hidden, layer.up.out_features, POSITIONS)]
    out += [struct.pack("<IBff", len(tokens.pieces), len(LABELS), eps, temperature)]
    out += [bytes([len(label)]) + label.encode() for label in LABELS]
    for piece, score in zip(tokens.pieces, tokens.scores):
        name = piece.encode()
        out += [bytes([len(name)]), name, struct.pack("<f", score)]
    out += [quantised(model.words), quantised(model.positions.data)]
    out += [floats(model.embedded.weight.data), floats(model.embedded.bias.data)]
    for layer in model.layers:
        for name in PARTS:
            part = getattr(layer, name)
            weight = quantised(part.weight.data) if name in LINEAR else floats(part.weight.data)
            out += [weight, floats(part.bias.data)]
    out += [floats(model.head.weight.data), floats(model.head.bias.data)]
    content = b"".join(out)
    with open(path, "wb") as file:
        file.write(content + blake3(content).digest())
    return len(content) + 32


class Reader:
    def __init__(self, content):
        self.file = io.BytesIO(content)

    def unpack(self, form):
        return struct.unpack("<" + form, self.file.read(struct.calcsize("<" + form)))

    def floats(self, *shape):
        values = np.frombuffer(self.file.read(4 * int(np.prod(shape))), "<f4")
        return torch.from_numpy(values.reshape(shape).copy())

    def rows(self, outputs, inputs):
        stored = np.frombuffer(self.file.read(outputs * (4 + inputs)), np.uint8).reshape(outputs, 4 + inputs)
        scales = np.ascontiguousarray(stored[:, :4]).view("<f4")
        small = np.ascontiguousarray(stored[:, 4:]).view(np.int8)
        return torch.from_numpy(small.astype(np.float32) * scales)

    def name(self):
        return self.file.read(self.file.read(1)[0]).decode()


def read(path):
    """(encoder, tokens, temperature) of a weights file."""
    with open(path, "rb") as file:
        content = file.read()
    if content[:4] != MAGIC or blake3(content[:-32]).digest() != content[-32:]:
        raise ValueError(f"{path} is no weights file, or damaged")
    file = Reader(content[4:-32])
    layers, heads, hidden, ffn, positions = file.unpack("BBHHH")
    count, labels, eps, temperature = file.unpack("IBff")
    if [file.name() for _ in range(labels)] != LABELS:
        raise ValueError("other labels")
    found = [(file.name(), file.unpack("f")[0]) for _ in range(count)]
    tokens = Tokens([piece for piece, _ in found], [score for _, score in found])
    model = Encoder(file.rows(count + SPECIAL, hidden), layers, heads, ffn, eps)
    with torch.no_grad():
        model.positions.copy_(file.rows(positions, hidden))
        for module in [model.embedded] + [getattr(layer, name) for layer in model.layers for name in PARTS]:
            shape = module.weight.shape
            module.weight.copy_(file.rows(*shape) if len(shape) == 2 else file.floats(*shape))
            module.bias.copy_(file.floats(shape[0]))
        model.head.weight.copy_(file.floats(labels, hidden))
        model.head.bias.copy_(file.floats(labels))
    return model.eval(), tokens, temperature


GOLDEN = [
    {"text": "thanks!"},
    {"text": "ok"},
    {"text": "  \t Capital   of\u00a0Peru?\n"},
    {"text": "Ｆｕｌｌ　ｗｉｄｔｈ ① ﬁne ½"},
    {"text": "می\u200cخواهم سفارشم را لغو کنم"},
    {"text": "🦊🦊 \U0001f9d1\u200d\U0001f680 ⟁ꙮ ok"},
    {"text": "SELECT name FROM users WHERE id = 7; -- why is this slow?"},
    {"text": "कृपया मेरी टिकट रद्द कर दें और पैसे वापस करें"},
    {"text": "กรุณาเขียนบทกวีเกี่ยวกับฝนตกในกรุงเทพฯ"},
    {"text": "请帮我证明根号2是无理数,并且每一步都要解释清楚。"},
    {"text": "東京からニューヨークまでの一番安い便を予約して"},
    {"text": "이 파이썬 함수에서 왜 KeyError가 나는지 알려줘"},
    {"text": "რა არის საქართველოს დედაქალაქი?"},
    {"text": "Summarise this: " + "The council met on Tuesday to talk about the bridge. " * 20},
    {"text": "Bitte prüfe den folgenden Text. " + "Die Brücke über die Straße wird größer – ähnlich wie früher. " * 80 + "Was ist hier falsch?"},
    {"text": "数" * 900 + "本" * 400},
    {"text": "x" * 300},
    {
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Write a function that reverses a list in Python"},
            {"role": "assistant", "content": "def reverse(items):\n    return items[::-1]\n" + "It makes a copy, slice by slice. " * 30},
            {"role": "user", "content": "now in rust"},
        ]
    },
    {
        "messages": [
            {"role": "assistant", "content": "Hello! What can I do for you?"},
            {"role": "user", "content": "wo ist mein Paket"},
        ]
    },
    {
        "messages": [
            {"role": "user", "content": "Sort these numbers for me and explain each step of the way, slowly. " * 8},
            {"role": "assistant", "content": "Gladly: give me the numbers, and I shall sort them. " * 12},
            {"role": "user", "content": "7 3 9 1 " * 29 + "go"},
        ]
    },
    {
        "messages": [
            {"role": "user", "content": "Write an essay about rivers"},
            {"role": "assistant", "content": "Rivers carry water and stories."},
            {"role": "user", "content": "Make it longer, please. " * 20},
        ]
    },
]
"""Texts at the borders of the windows and of the normalisation; rows of the evaluation set come after them."""


def golden(model, tokens, rows):
    result = []
    for row in rows:
        ids = tokens.sequence(look(row))
        with torch.inference_mode():
            logits = model(torch.tensor([ids]), torch.tensor([len(ids)]))[0].tolist()
        asked = {name: row[name] for name in ("text", "messages") if name in row}
        result.append({**asked, "ids": ids, "logits": logits})
    return result


def main():
    parser = argparse.ArgumentParser(description="Writes a checkpoint as the gateway's weights file.")
    parser.add_argument("checkpoint")
    parser.add_argument("out", help="weights file to write")
    parser.add_argument("--golden", help="file of ids and logits to test the gateway with")
    parser.add_argument("--gold", help="gold.jsonl, whose rows the golden file uses as well")
    args = parser.parse_args()
    model, tokens, saved = load(args.checkpoint)
    size = write(args.out, model, tokens, saved["eps"], saved["temperature"])
    print(f"{args.out}: {size} bytes")
    if args.golden:
        model, tokens, _ = read(args.out)
        rows = data.read(args.gold) if args.gold else []
        talks = [row for row in rows if "messages" in row][::8]
        foreign = list({row["lang"]: row for row in rows}.values())
        with open(args.golden, "w", encoding="utf-8") as file:
            json.dump(golden(model, tokens, GOLDEN + talks + foreign), file, ensure_ascii=False, indent=0)


if __name__ == "__main__":
    main()
