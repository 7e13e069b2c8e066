"""What is taken off a text so that it looks as if a person had typed it: marks of its format, stray white space.

A classifier that saw such marks in training would learn where a row comes from and not what it asks for.
"""

import html
import re


def tidied(text):
    """A printed text without entities, invisible signs and runs of white space."""
    text = re.sub(r"[\u200b\u2061\u2062\u2063]", "", html.unescape(text))
    text = re.sub(r"[ \t\u00a0]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text).strip()
    return re.sub(r"\n{3,}", "\n\n", text)


def unbroken(text):
    """A printed text broken into lines as one line a paragraph."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text.strip())


def without_markdown(text):
    """Markdown or HTML as its reader sees it: no links, tags, emphasis or entities."""
    text = re.sub(r"<a\b[^>]*>|</?(?:b|i|code|em|strong|kbd|br|sup)\s*/?>|</a>", "", text)
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", without_links(text))
    # Not html.unescape: that would leave invisible spaces in the code of some questions.
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return text.strip()


def without_links(text):
    """Markdown with the words of its links alone, whether their addresses stand behind them or below."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\[([^\]]+)\]\[[^\]]*\]", r"\1", text)
    return re.sub(r"^\[.+?\]: .*$", "", text, flags=re.M)


def without_entities(phrase):
    """A training phrase of Rasa without the marks of its entities: "[Oslo](city)" is "Oslo"."""
    return " ".join(re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})", r"\1", phrase).split())


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def lettered(parts):
    """The parts of an exercise, each on its line."""
    return "".join(f"\n({letter}) {part.strip()}" for letter, part in zip(LETTERS, parts))
