"""From a row to token ids: the windows looked at, normalisation and the unigram tokens, as the gateway does it."""

import re
import unicodedata

import numpy as np

END = 1_600
BEFORE = 400
FOLLOW_UP = 240

START, PAD, STOP, UNKNOWN = range(4)
SPECIAL = 4
MARK = "\u2581"

MESSAGE, MESSAGE_END = 64, 20
ANSWER, QUESTION = 20, 12
POSITIONS = 100

WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What has Unicode's White_Space property."""
TRIM = re.compile(f"^[{WHITE}]+|[{WHITE}]+$")
GAP = re.compile(f"[{WHITE}\\x00-\\x1f\\x7f-\\x9f\u200b-\u200f\ufeff]+")


def first(text, limit):
    """At most so many bytes from the beginning, whole characters."""
    return text.encode()[:limit].decode(errors="ignore")


def last(text, limit):
    data = text.encode()
    return data[max(0, len(data) - limit) :].decode(errors="ignore")


SAID = ["user_query", "user_message", "user_request", "user_input", "user_prompt", "task", "query", "request"]
ADDED = {
    "environment", "reminder", "details", "metadata", "workspace", "editor", "ide", "tabs", "diagnostics", "status", "state",
    "rules", "info", "capabilities", "instructions", "permissions",
}
OPENING = re.compile(r"<([A-Za-z0-9_-]{1,40})(?![A-Za-z0-9_-])[^>]*>")
CLOSING = re.compile(r"</([A-Za-z0-9_-]{1,40})>\Z")


def said(text):
    """The person's words without what an agent's harness wraps around them; crates/classify/src/look/envelope.rs explains."""
    whole = rest = TRIM.sub("", text)
    for _ in range(32):
        left = without_first(rest)
        left = without_last(rest) if left is None else left
        if left is None:
            break
        rest = TRIM.sub("", left)
    tag = OPENING.match(rest)
    if tag and tag[1] in SAID and f"</{tag[1]}>" in rest:
        before = rest[: rest.rindex(f"</{tag[1]}>")]
        if f"<{tag[1]}>" in before:
            rest = TRIM.sub("", before[before.rindex(f"<{tag[1]}>") + len(tag[1]) + 2 :])
    return rest or whole


def without_first(text):
    tag = OPENING.match(text)
    if not tag or not added(tag[1]):
        return None
    _, closed, rest = text[tag.end() :].partition(f"</{tag[1]}>")
    return rest if closed else None


def without_last(text):
    tag = CLOSING.search(text)
    if not tag or not added(tag[1]):
        return None
    before, opened, within = text[: tag.start()].rpartition(f"<{tag[1]}")
    return before if opened and within[:1] in (">", " ", "\n") and within else None


def added(name):
    return name != "details" and any(word.lower() in ADDED for word in re.split("[_-]", name))


def look(row):
    """(message, answer, question) of a row: the user's newest message and, where it is short, what came before it."""
    turns = [(turn["role"], turn["content"] or "") for turn in row.get("messages") or [{"role": "user", "content": row["text"]}]]
    newest = max(at for at, (role, _) in enumerate(turns) if role == "user")
    message = said(turns[newest][1])
    size = len(message.encode())
    answer = question = ""
    if size <= FOLLOW_UP:
        before = dict(turns[:newest])  # of each role, its last turn
        answer = last(TRIM.sub("", before.get("assistant", "")), BEFORE)
        question = first(said(before.get("user", "")), BEFORE)
    if size > 2 * END:
        message = first(message, END) + " " + last(message, END)
    return message, answer, question


def normalised(text):
    return GAP.sub(" ", unicodedata.normalize("NFKC", text)).strip(" ")


def quiet(text):
    """In lower case where most letters are capitals: whoever shouts wants the same."""
    capitals = sum(character.isupper() for character in text)
    small = sum(character.islower() for character in text)
    return text.lower() if capitals >= 4 and capitals > small else text


class Tokens:
    """The pieces of a vocabulary, the most probable segmentation of a text, and the sequences the encoder reads."""

    def __init__(self, pieces, scores):
        self.pieces, self.scores = pieces, np.asarray(scores, np.float32)
        self.known = {piece: (at + SPECIAL, score) for at, (piece, score) in enumerate(zip(pieces, self.scores))}
        self.unknown = np.float32(self.scores.min() - np.float32(10))
        self.longest = max(map(len, pieces))
        self.words = {}

    def word(self, word):
        """Segments one word; of equal sums the one whose last piece is longer wins."""
        ids = self.words.get(word)
        if ids is None:
            ids = self.words[word] = self.best(word)
        return ids

    def best(self, word):
        sums = [np.float32(-np.inf)] * (len(word) + 1)
        sums[0] = np.float32(0)
        back = [(0, UNKNOWN)] * (len(word) + 1)
        for start in range(len(word)):
            for end in range(start + 1, min(len(word), start + self.longest) + 1):
                found = self.known.get(word[start:end])
                if found and sums[start] + found[1] > sums[end]:
                    sums[end], back[end] = sums[start] + found[1], (start, found[0])
            if sums[start] + self.unknown > sums[start + 1]:
                sums[start + 1], back[start + 1] = sums[start] + self.unknown, (start, UNKNOWN)
        ids, end = [], len(word)
        while end:
            end, piece = back[end]
            ids.append(piece)
        return ids[::-1]

    def of(self, text):
        """Ids of a text, normalised first. No piece crosses a word's beginning, so that words stand alone."""
        text = quiet(normalised(text))
        if not text:
            return []
        words = (MARK + text.replace(" ", MARK)).split(MARK)[1:]
        return [piece for word in words for piece in self.word(MARK + word)]

    def sequence(self, looked):
        """The ids the encoder reads for (message, answer, question)."""
        message, answer, question = looked
        ids = self.of(message)
        if len(ids) > MESSAGE:
            ids = ids[: MESSAGE - MESSAGE_END] + ids[-MESSAGE_END:]
        ids = [START, *ids, STOP]
        answer = self.of(answer)
        if answer:
            ids += [*answer[-ANSWER:], STOP, *self.of(question)[:QUESTION], STOP]
        return ids


def pruned(base, texts, most):
    """Pieces to keep, and their rows in the base's embeddings. `texts`: (weight, texts) of each body of text.

    Kept is what is most probable in the base's own language and ours together, single characters of the scripts in use
    twenty times as readily: they are what rarer words fall apart into."""
    ids = np.array([at for at, piece in enumerate(base.pieces) if at not in base.special and piece != "<mask>"])
    tokens = Tokens([base.pieces[at] for at in ids], base.scores[ids])
    worth = np.exp(tokens.scores.astype(np.float64))
    scripts = set()
    for weight, body in texts:
        counts = np.zeros(len(ids) + SPECIAL)
        for text in body:
            np.add.at(counts, tokens.of(text), 1)
            scripts.update(map(script, set(text)))
        worth += weight * counts[SPECIAL:] / counts.sum()
    worth[[len(piece) == 1 and script(piece) in scripts for piece in tokens.pieces]] *= 20
    kept = np.sort(np.argsort(-worth, kind="stable")[:most])
    return [tokens.pieces[at] for at in kept], tokens.scores[kept], ids[kept]


def script(character):
    """The script of a letter, by its name's first word; other characters all belong together."""
    if not character.isalpha():
        return "OTHER"
    return unicodedata.name(character, "OTHER").split()[0]
