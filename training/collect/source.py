"""A public source: a repository at a commit, its licence, and how its files become labelled rows."""

import csv
import hashlib
import io
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from text import normalised

LABELS = Path(__file__).parent / "labels"


class Tree:
    """The files of a repository at one commit, read from its git directory without a work tree."""

    def __init__(self, directory, commit):
        self.directory, self.commit = directory, commit

    def git(self, *arguments):
        command = ["git", f"--git-dir={self.directory}", *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def paths(self, below=""):
        """The files below a folder."""
        listed = self.git("ls-tree", "-r", "-z", "--name-only", self.commit, *([below] if below else []))
        return [path for path in listed.decode("utf-8").split("\0") if path]

    def content(self, path):
        return self.git("show", f"{self.commit}:{path}")

    def text(self, path, encoding="utf-8-sig"):
        return self.content(path).decode(encoding, errors="replace")

    def json(self, path):
        return json.loads(self.text(path))

    def lines(self, path):
        """One JSON value a line; broken lines are passed over."""
        for line in self.text(path).splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def table(self, path, delimiter=","):
        """A CSV or TSV file with a heading, row by row as dictionaries."""
        return csv.DictReader(io.StringIO(self.text(path)), delimiter=delimiter)


@dataclass(frozen=True)
class Source:
    """`rows` yields dictionaries with `text` or `messages`, `lang` (ISO 639-1) and `label`.

    A row without `label` takes it from `labels/<name>.tsv`, where rows labelled by reading are kept by the digest of
    what they say, or is left out where it is not there. `held_out`: never trained on, so that it can be judged on.
    """

    name: str
    repository: str
    commit: str
    licence: str
    how: str
    rows: Callable[[Tree], Iterator[dict]]
    held_out: bool = False


def digest(row):
    """Names a row by what it says: twelve hexadecimal digits of the SHA-256 of its normalised turns."""
    turns = [turn["content"] or "" for turn in row["messages"]] if "messages" in row else [row["text"]]
    said = "\n".join(normalised(turn).casefold() for turn in turns)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def read_labels(name):
    """{digest: label} of the rows of a source that were labelled by reading."""
    path = LABELS / f"{name}.tsv"
    if not path.exists():
        return {}
    return dict(line.split("\t")[:2] for line in path.read_text().splitlines() if line)
