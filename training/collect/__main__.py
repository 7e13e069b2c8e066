"""Writes every public source as `OUT/train/<name>.jsonl`, those that are held out whole as `OUT/unseen/<name>.jsonl`:
python -m collect REPOSITORIES OUT [name ...]

REPOSITORIES holds git directories named `owner+name` (or `owner+name/repo`); one that is missing is cloned from GitHub.
At most MOST rows of a source, label and language are taken, the same ones each time.
"""

import collections
import json
import subprocess
import sys
from pathlib import Path

from collect import sources
from collect.rows import fits
from collect.source import Tree, digest, read_labels

MOST = 250
LABELS = ("simple", "general", "reasoning", "code", "agent")


def opened(repositories, source):
    directory = repositories / source.repository.replace("/", "+")
    for inside in ("repo", ".git"):
        if (directory / inside).exists():
            directory = directory / inside
    if not directory.exists():
        address = f"https://github.com/{source.repository}"
        subprocess.run(["git", "clone", "--bare", address, str(directory)], check=True)
    return Tree(directory, source.commit)


def taken(source, tree):
    """The rows of a source that have a label, distinct, at most MOST of a label and language."""
    read, groups = read_labels(source.name), collections.defaultdict(dict)
    for row in source.rows(tree):
        name = digest(row)
        label = row.get("label") or read.get(name)
        if label in LABELS and fits(row):
            groups[label, row["lang"]].setdefault(name, {**row, "label": label, "source": source.name})
    for _, rows in sorted(groups.items()):
        # By digest and not by a draw: rows that come or go in the repository do not change which others are taken.
        yield from [row for _, row in sorted(rows.items())][:MOST]


def main(repositories, out, *names):
    folders = {held_out: Path(out) / ("unseen" if held_out else "train") for held_out in (False, True)}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    for source in sources():
        if names and source.name not in names:
            continue
        rows = list(taken(source, opened(Path(repositories), source)))
        with open(folders[source.held_out] / f"{source.name}.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        count = collections.Counter(row["label"] for row in rows)
        languages = len({row["lang"] for row in rows})
        print(f"{source.name}: {len(rows)} rows, {dict(sorted(count.items()))}, {languages} languages")


if __name__ == "__main__":
    main(*sys.argv[1:])
