"""Questions about computing, as they are put to candidates and to forums: some want code, others a word or a talk.

The subject of a question alone must not make it code, so all of them were read.
"""

import re

from collect.cleaning import without_markdown
from collect.formats import headings
from collect.rows import LANGUAGES, single
from collect.source import Source


def sysadmin(tree):
    """Questions put to candidates for system administration."""
    for text in re.findall(r"<summary><b>(.+?)</b></summary>", tree.text("README.md"), flags=re.S):
        yield single(without_markdown(text).replace(" ***", "").replace("*", ""), "en", domain="operations")


def react_interview(tree):
    """Questions in Spanish on React, some on what it is, some on how to write it."""
    for text in headings(tree.text("README.md"), 4):
        yield single(text, "es", domain="React")


FRONT_END = "spanish portuguese french german japanese korean russian turkish italian polish arabic hindi".split()


def front_end_interview(tree):
    """Questions put to web developers; each translation gives another share of them."""
    sets = [("en", [path for path in tree.paths("src/questions") if path.endswith("-questions.md")])]
    sets += [(LANGUAGES[name], [f"src/translations/{name}/README.md"]) for name in FRONT_END]
    for at, (language, paths) in enumerate(sets):
        lines = [line for path in paths for line in re.findall(r"^[*-] +(.{20,})$", tree.text(path), flags=re.M)]
        for text in lines if language == "en" else lines[at % 12 :: 12]:
            if "](#" not in text and "http" not in text:
                yield single(without_markdown(text), language, domain="web")


def fe_interview(tree):
    """Questions on web development that a Chinese site puts to its readers each day; two of nine."""
    listed = re.findall(r"^- \[(.+)\]\(https://github.com/haizlin", tree.text("category/all.md"), flags=re.M)
    for text in listed[::9] + listed[4::9]:
        yield single(without_markdown(re.sub(r"^\[\w+\] *", "", text)), "zh", domain="web")


def android_interview(tree):
    """Questions on Android and Kotlin, one a file."""
    for path in tree.paths():
        if path.endswith(".md") and path.count("/") == 1 and len(name := path.split("/")[1][:-3]) > 12:
            yield single(name.replace("`", "").strip(), "en", domain="Android")


SOURCES = [
    Source(
        name="sysadmin",
        repository="trimstray/test-your-sysadmin-skills",
        commit="d566322e4f6a656fb835bf34712a67db269d5f2d",
        licence="MIT",
        how="labelled by reading",
        rows=sysadmin,
    ),
    Source(
        name="react_interview",
        repository="midudev/preguntas-entrevista-react",
        commit="3567a45d448c045f3d73aac9a99a62269d61080a",
        licence="MIT",
        how="labelled by reading",
        rows=react_interview,
        held_out=True,
    ),
    Source(
        name="front_end_interview",
        repository="h5bp/Front-end-Developer-Interview-Questions",
        commit="c8023cdcc4e13d45c096c3f37160a8fa5ab066d6",
        licence="MIT",
        how="labelled by reading",
        rows=front_end_interview,
    ),
    Source(
        name="fe_interview",
        repository="haizlin/fe-interview",
        commit="79bab2c2a203705e1201051ae8c80b752a3d439e",
        licence="MIT",
        how="labelled by reading",
        rows=fe_interview,
    ),
    Source(
        name="android_interview",
        repository="Kirchhoff-/Android-Interview-Questions",
        commit="c5f8d07acfc0332b1c612c6b6c81688d9b8c4acb",
        licence="Apache-2.0",
        how="labelled by reading",
        rows=android_interview,
    ),
]
