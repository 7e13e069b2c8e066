"""How right a weights file is: accuracy by kind, language and label, calibration, and its most confident errors."""

import argparse
import collections
import time

import torch

import data
from export import read
from model import LABELS
from text import look
from train import batches, padded


def probabilities(model, tokens, temperature, rows):
    sequences = [tokens.sequence(look(row)) for row in rows]
    result = torch.empty(len(rows), len(LABELS))
    with torch.inference_mode():
        for places in batches(sequences, 32):
            result[places] = model(*padded([sequences[at] for at in places]))
    return (result / temperature).softmax(1)


def calibration_error(sure, right, bins=10):
    total = 0.0
    for low in range(bins):
        inside = (sure > low / bins) & (sure <= (low + 1) / bins)
        if inside.any():
            total += (sure[inside].mean() - right[inside].mean()).abs().item() * inside.float().mean().item()
    return total


def table(name, rows, right, value):
    groups = collections.defaultdict(list)
    for row, good in zip(rows, right.tolist()):
        groups[value(row)].append(good)
    parts = [f"{group} {sum(good) / len(good):.3f} ({len(good)})" for group, good in sorted(groups.items(), key=lambda g: -len(g[1]))]
    print(f"  by {name}: " + ", ".join(parts))


def report(title, rows, found):
    wanted = torch.tensor([LABELS.index(row["label"]) for row in rows])
    sure, guess = found.max(1)
    right = (guess == wanted).float()
    print(f"{title}: {right.mean():.4f} of {len(rows)}, calibration error {calibration_error(sure, right):.3f}, mean confidence {sure.mean():.3f}")
    for name in ("kind", "source", "lang", "label"):
        if name in rows[0]:
            table(name, rows, right, lambda row: str(row.get(name)))
    table("said", [{"said": LABELS[at]} for at in guess], right, lambda row: row["said"])
    pairs = collections.Counter((row["label"], LABELS[at]) for row, at in zip(rows, guess) if row["label"] != LABELS[at])
    print("  errors: " + ", ".join(f"{a} as {b} {count}" for (a, b), count in pairs.most_common(12)))
    return [
        (sure[at].item(), title, row, LABELS[guess[at]]) for at, row in enumerate(rows) if guess[at] != wanted[at]
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights")
    parser.add_argument("project", help="the repository's data folder")
    parser.add_argument("collected", help="the folder of the public rows")
    parser.add_argument("more", help="the folder that `python -m collect` wrote")
    parser.add_argument("--errors", type=int, default=40)
    args = parser.parse_args()
    torch.set_num_threads(2)
    encoder = read(args.weights)
    errors = []
    for title, rows in data.Data(args.project, args.collected, args.more).judged.items():
        began = time.time()
        found = probabilities(*encoder, rows)
        each = (time.time() - began) / len(rows) * 1000
        errors += report(title, rows, found)
        print(f"  {each:.1f} ms a row")
    for sure, title, row, said in sorted(errors, key=lambda error: -error[0])[: args.errors]:
        message, answer, _ = look(row)
        before = f" [after: …{answer[-80:]}]" if answer else ""
        print(f"{sure:.2f} {title} {row['label']} said {said}: {' '.join((message[:200] + before).split())}")


if __name__ == "__main__":
    main()
