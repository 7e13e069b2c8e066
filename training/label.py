"""Writes a teacher's logits for rows that may be trained on, and for more that a student hears only of through it."""

import argparse
import random
import time

import torch

import data
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
    torch.save({data.key(row): scores.clone() for row, scores in zip(rows, mean)}, args.out)


if __name__ == "__main__":
    main()
