"""Writes a teacher's logits for rows that may be trained on, and for more that a student hears only of through it.

With --rows also every row as `frontdesk train` reads them, with the teacher's probabilities where it was asked."""

import argparse
import json
import random
import time

import torch

import data
from model import LABELS
from text import look
from train import load, logits


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("teachers", nargs="+", help="checkpoints; the mean of their logits is taken")
    parser.add_argument("project", help="the repository's data folder")
    parser.add_argument("collected", help="the folder of the public rows and of written/")
    parser.add_argument("more", help="the folder that `python -m collect` wrote")
    parser.add_argument("out", help="labels to write")
    parser.add_argument("--most", type=int, default=100, help="public rows of a source and label")
    parser.add_argument("--beyond", type=int, default=3000, help="rows beyond those")
    parser.add_argument("--rows", help="JSON Lines to write for the gateway's first stage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    everything = data.Data(args.project, args.collected, args.more)
    rows = everything.prompts + everything.written + data.balanced(everything.public, args.most)
    known = {data.key(row) for row in rows}
    rest = [row for row in everything.public + everything.unlabelled if data.key(row) not in known]
    rows = data.distinct(rows + random.Random(args.seed).sample(rest, args.beyond))
    total = torch.zeros(())
    for path in args.teachers:
        began = time.time()
        model, tokens, _ = load(path)
        total = total + logits(model, [tokens.sequence(look(row)) for row in rows])
        print(f"{path}: {len(rows)} rows, {time.time() - began:.0f} s", flush=True)
    mean = total / len(args.teachers)
    taught = {data.key(row): scores.clone() for row, scores in zip(rows, mean)}
    torch.save(taught, args.out)
    if args.rows:
        write_rows(args.rows, everything.public + everything.written + everything.prompts, taught)


def write_rows(path, rows, taught):
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            scores = taught.get(data.key(row))
            soft = {} if scores is None else {"probabilities": dict(zip(LABELS, scores.softmax(0).tolist()))}
            file.write(json.dumps({**row, "source": row["file"], **soft}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
