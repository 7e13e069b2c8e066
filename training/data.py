"""Rows to train and to judge on, their balance, and their disturbance."""

import collections
import json
import random
import unicodedata
from pathlib import Path

from text import look, normalised

def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Data:
    """Everything there is: `project` is the repository's data folder, `collected` the folder of the public rows, `more`
    what `python -m collect` wrote."""

    def __init__(self, project, collected, more):
        project, collected, more = Path(project), Path(collected), Path(more)
        self.judged = {
            "gold": read(project / "gold.jsonl"),
            "public_gold": read(collected / "public_gold.jsonl"),
            "dev": read(collected / "dev.jsonl"),
        }
        # What is judged on is never trained on.
        seen = {key(row) for rows in self.judged.values() for row in rows}
        self.public, self.written, self.prompts = [], [], []
        for row in read(collected / "train.jsonl"):
            self.public.append({**row, "file": row["source"]})
        for path in sorted((more / "train").glob("*.jsonl")):
            self.public += [{**row, "file": row["source"]} for row in read(path)]
        for path in sorted((collected / "written").glob("*.jsonl")):
            self.written += [{**row, "file": path.stem} for row in read(path)]
        for path in sorted((project / "workload").glob("*.jsonl")):
            self.written += [{**row, "file": "workload", "label": path.stem, "lang": "en"} for row in read(path)]
        for path in sorted((project / "prompts").glob("*.jsonl")):
            self.prompts += [{**row, "file": path.stem} for row in read(path)]
        for kind in (self.public, self.written, self.prompts):
            kind[:] = distinct(row for row in kind if key(row) not in seen)
        # Courtesies are the same everywhere: of sources held out, it is they that go and not the row trained on.
        trained = {key(row) for row in self.public + self.written + self.prompts}
        unseen = [row for path in sorted((more / "unseen").glob("*.jsonl")) for row in read(path)]
        self.judged["unseen"] = [row for row in unseen if key(row) not in trained]
        self.unlabelled = distinct(row for row in read(collected / "clinc150.jsonl") if key(row) not in seen)

    def texts(self):
        """Every text there is, with its weight, for the choice of the vocabulary."""
        ours = self.written + self.prompts
        others = self.public + self.unlabelled
        return [(weight, [text for row in rows for text in turns(row)]) for weight, rows in ((2, ours), (0.7, others))]


def turns(row):
    return [turn["content"] or "" for turn in row["messages"]] if "messages" in row else [row["text"]]


def key(row):
    return "\n".join(normalised(text).casefold() for text in turns(row))


def talk(row):
    """What rows of the same conversation share: its beginning."""
    return normalised(turns(row)[0]).casefold()[:80]


def distinct(rows):
    return list({key(row): row for row in rows}.values())


def balanced(rows, most):
    """At most so many rows of a file and label, and half as many of each language where it has several; always the same
    ones first."""
    groups = collections.defaultdict(list)
    languages = collections.defaultdict(set)
    for row in rows:
        groups[row["file"], row["label"], row["lang"]].append(row)
        languages[row["file"], row["label"]].add(row["lang"])
    taken = []
    for (file, label, _), group in sorted(groups.items()):
        random.Random(1).shuffle(group)
        alone = len(languages[file, label]) == 1
        taken += group[: most if alone else max(most // 2, 1)]
    return taken


def split(rows, count, seed):
    """(training, held out): about so many rows held out, whole talks."""
    talks = sorted({talk(row) for row in rows})
    random.Random(seed).shuffle(talks)
    sizes = collections.Counter(map(talk, rows))
    held, total = set(), 0
    for name in talks:
        if total >= count:
            break
        held.add(name)
        total += sizes[name]
    return [row for row in rows if talk(row) not in held], [row for row in rows if talk(row) in held]


PHRASES = json.loads((Path(__file__).parent / "../data/phrases.json").read_text(encoding="utf-8"))
"""By language, what people put before, behind and inside of a request without asking for anything else."""
CLOSE = {"zh", "ja", "th"}
"""Languages that put no space between words."""


def disturbed(row, chance):
    """What is looked at of a row, as somebody else may have typed it."""
    message, answer, question = look(row)
    phrases = PHRASES.get(row.get("lang", "en"))
    if chance.random() < 0.25:
        message = message.lower()
    elif chance.random() < 0.08:
        message = message.upper() if chance.random() < 0.7 else message.swapcase()
    if chance.random() < 0.20:
        message = bare(message, chance)
    if chance.random() < 0.10:
        message = plain(message)
    if chance.random() < 0.20:
        message = mistyped(message, chance)
    if len(message) > 600 and chance.random() < 0.15:
        cut = chance.randrange(len(message) // 4)
        message = message[cut:] if chance.random() < 0.3 else message[: len(message) - cut]
    if phrases and 12 < len(message) < 600:
        gap = "" if row.get("lang") in CLOSE else " "
        if chance.random() < 0.12:
            message = with_fillers(message, phrases["inside"], gap, chance)
        if chance.random() < (0.06 if answer else 0.20):
            message = chance.choice(phrases["before"]) + chance.choice([gap, gap, ", ", "! ", " - "]) + message
        if chance.random() < (0.04 if answer else 0.15):
            message += chance.choice([gap, gap, ", ", ". ", "\n"]) + chance.choice(phrases["behind"])
    return message, answer, question


def with_fillers(text, fillers, gap, chance):
    """With one to three words between others that mean nothing."""
    words = text.split(" ") if gap else list(text)
    for _ in range(chance.randrange(1, 4)):
        words.insert(chance.randrange(len(words) + 1), chance.choice(fillers))
    return gap.join(words)


def bare(text, chance):
    """Without its end mark, or without most of its marks."""
    if chance.random() < 0.5 or len(text) > 300:
        return text.rstrip(" .?!。？！؟।")
    return "".join(c for c in text if c not in ",.?!;:'\"¿¡。，、？！؟،।")


def plain(text):
    """Without accents, where the script is Latin."""
    parts = unicodedata.normalize("NFD", text)
    if not all(ord(c) < 0x370 or not c.isalpha() for c in parts):
        return text
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


def mistyped(text, chance):
    """With one wrong letter in about 25, at most five: swapped, dropped or doubled."""
    letters = list(text)
    for _ in range(min(5, 1 + len(letters) // 25)):
        places = [at for at in range(1, len(letters) - 1) if letters[at].isalpha()] if len(letters) < 400 else []
        at = chance.choice(places) if places else 0
        if not at:
            break
        what = chance.randrange(3)
        if what == 0 and letters[at + 1].isalpha():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        elif what == 1:
            del letters[at]
        else:
            letters.insert(at, letters[at])
    return "".join(letters)
