"""Readers of the formats that several sources share."""

import io
import re
import tarfile

from collect.cleaning import without_entities, without_markdown


def rasa(text):
    """(intent, phrase) of a Rasa training file, in its Markdown or its YAML form."""
    intent = None
    for line in text.splitlines():
        heading = re.match(r"\s*-? ?(##|-)? ?(\w+) ?: ?(\S+)", line)
        if heading and heading[2] in ("intent", "regex", "synonym", "lookup"):
            intent = heading[3] if heading[2] == "intent" else None
        elif intent and (phrase := re.match(r"\s*- (.+)", line)):
            yield intent, without_entities(phrase[1])


def headings(markdown, level):
    """The headings of one level, outside of blocks of code, as a reader sees them."""
    outside = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.S | re.M)
    return [without_markdown(found) for found in re.findall(rf"^{'#' * level} +(.+?) *#*$", outside, flags=re.M)]


def titled(page):
    """The title in the head of a page; empty where it has none."""
    found = re.search(r"^title: (.+)$", page, flags=re.M)
    return found[1].strip("\"' ") if found else ""


def quoted(printed):
    """The strings of a list as Python prints it, commas or not."""
    for single, double in re.findall(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", printed):
        yield (single or double).replace("\\'", "'")


def unpacked(archive):
    """{path: text} of the files of a tar archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        members = [member for member in files.getmembers() if member.isfile()]
        return {member.name: files.extractfile(member).read().decode("utf-8", errors="replace") for member in members}


def tag(element):
    """The name of an XML element without its namespace."""
    return element.tag.rpartition("}")[2]
