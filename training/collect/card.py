"""Prints README.md of this package: how it is run, and a table of all sources with what came of each.

python -m collect.card COLLECTED > collect/README.md

Generated, so that the table cannot say anything else than the code does. COLLECTED is what `python -m collect` wrote.
"""

import json
import sys
from pathlib import Path

from collect import sources

HEAD = """# Public sources

From `training`, `python -m collect REPOSITORIES COLLECTED` reads every source below at its commit (a repository that is
missing in REPOSITORIES is cloned) and writes its labelled rows to COLLECTED: what is held out to `unseen/`, which is
only judged on, the rest to `train/`. `python -m collect.card COLLECTED > collect/README.md` writes this file again.
"""
COLUMNS = ("name", "repository", "licence", "how labelled", "held out", "rows", "languages")


def line(cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def collected(folder, source):
    """The rows that were written of a source; none where it was not collected."""
    path = folder / ("unseen" if source.held_out else "train") / f"{source.name}.jsonl"
    return [json.loads(row) for row in path.read_text("utf-8").splitlines()] if path.exists() else []


def described(source, rows):
    languages = sorted({row["lang"] for row in rows})
    named = " ".join(languages) if len(languages) <= 4 else len(languages)
    held_out = "held out" if source.held_out else ""
    return (source.name, source.repository, source.licence, source.how, held_out, len(rows), named)


def main(folder):
    found = [(source, collected(Path(folder), source)) for source in sorted(sources(), key=lambda source: source.name)]
    print(HEAD)
    print(line(COLUMNS), line(["---"] * len(COLUMNS)), sep="\n")
    for source, rows in found:
        print(line(described(source, rows)))
    for title, held_out in (("Trained on", False), ("Held out", True)):
        taken = [rows for source, rows in found if source.held_out == held_out]
        languages = {row["lang"] for rows in taken for row in rows}
        print(f"\n{title}: {len(taken)} sources, {sum(map(len, taken)):,} rows, {len(languages)} languages.")


if __name__ == "__main__":
    main(*sys.argv[1:])
