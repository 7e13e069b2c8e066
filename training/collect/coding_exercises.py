"""Code to be written or mended: exercises and developers' questions whose answer is chiefly code."""

import re

from collect.cleaning import without_links, without_markdown
from collect.formats import headings
from collect.rows import single
from collect.source import Source


def odex(tree):
    """Questions of Stack Overflow in four languages, as its annotators made them complete."""
    for language, step in (("en", 6), ("es", 2), ("ja", 3), ("ru", 4)):
        for task in list(tree.lines(f"data/{language}_test.jsonl"))[::step]:
            yield single(task["intent"], language, domain="Python")


def javascript_questions(tree):
    """Quiz questions with their code and options; each translation gives another share of them."""
    paths = sorted(path for path in tree.paths() if path.endswith(".md"))
    for at, path in enumerate(paths):
        language = path.split("-")[0] if "/" in path else "en"
        parts = re.split(r"^###### *\d+\W", tree.text(path), flags=re.M)[1:]
        for part in parts[at % 7 :: 7]:
            text = re.split(r"<details>|\n---", part)[0].strip()
            yield single(without_markdown(text), language, "code", domain="JavaScript")


GIT_LANGUAGES = {"README.md": "en", "README_es.md": "es", "README_fr.md": "fr", "README_ja.md": "ja"}
GIT_LANGUAGES |= {"README_kr.md": "ko", "README_ru.md": "ru", "README_vi.md": "vi", "README_zh-CN.md": "zh"}
GIT_LANGUAGES |= {"README_zh-TW.md": "zh"}


def git_flight_rules(tree):
    """Headings that say what went wrong with git; each translation gives every second, odd or even."""
    for at, (path, language) in enumerate(GIT_LANGUAGES.items()):
        for text in headings(tree.text(path), 3)[at % 2 :: 2]:
            if len(text) >= 10:
                yield single(text, language, "code", domain="git")


LEANING = r"\b(before|above|again|check|observe|verify|connect|delete|see|wait|same|just|second)\b"
"""What betrays an exercise that goes on from another one or wants to see a cluster."""


def ckad(tree):
    """Exercises for Kubernetes' command line that stand alone."""
    for path in tree.paths():
        if re.match(r"[a-j]\.", path):
            for text in headings(tree.text(path), 3):
                if re.match(r"Create|Write", text) and len(text) >= 40 and not re.search(LEANING, text, flags=re.I):
                    yield single(text, "en", "code", domain="Kubernetes")


def infibench(tree):
    """Developers' questions on many languages and frameworks, from Stack Overflow."""
    for row in tree.table("bigcode_eval/infibench/batched_prompts/suite_v2.1.csv"):
        yield single(row["content_prompt"].strip(), "en", "code", domain="development")


def rtllm(tree):
    """Hardware to be described in Verilog."""
    for path in tree.paths():
        if path.endswith("design_description.txt"):
            yield single(tree.text(path).strip(), "en", "code", domain="Verilog")


def numpy_100(tree):
    """Exercises with arrays."""
    for part in re.split(r"^#### \d+\. ", tree.text("100_Numpy_exercises.md"), flags=re.M)[1:]:
        yield single(re.sub(r" *\(★.*?\)", "", part).strip(), "en", "code", domain="Python")


def exercism(tree):
    """Programming exercises that speak of a program."""
    for path in tree.paths("exercises"):
        if path.endswith(("/description.md", "/instructions.md")):
            text = without_links(re.sub(r"^# .*\n+", "", tree.text(path))).strip()
            if re.search(r"\b(program|function|code|implement|algorithm|method|class)\b", text, flags=re.I):
                yield single(text, "en", "code", domain="exercises")


SOURCES = [
    Source(
        name="odex",
        repository="zorazrw/odex",
        commit="21308ea6d474a078d5a85c61c2b5ca228d1fd167",
        licence="CC BY-SA 4.0",
        how="read; all code but for those that leave open what is wanted",
        rows=odex,
        held_out=True,
    ),
    Source(
        name="javascript_questions",
        repository="lydiahallie/javascript-questions",
        commit="a8b427b9f7f94f1a2965144ba544b475c5f65829",
        licence="MIT",
        how="whole source → code",
        rows=javascript_questions,
    ),
    Source(
        name="git_flight_rules",
        repository="k88hudson/git-flight-rules",
        commit="80d27e63e15463c13744904bbf194a9d7c3d5340",
        licence="CC BY-SA 4.0",
        how="whole source → code",
        rows=git_flight_rules,
    ),
    Source(
        name="ckad",
        repository="dgkanatsios/CKAD-exercises",
        commit="54e5f2dda65eec7522803cf5a386fe4123a8e6e9",
        licence="MIT",
        how="whole source → code",
        rows=ckad,
    ),
    Source(
        name="infibench",
        repository="infi-coder/infibench-evaluation-harness",
        commit="736de98209ed546ef59992ab8edc0c03d02ffde6",
        licence="Apache-2.0, questions from Stack Overflow CC BY-SA",
        how="whole source → code",
        rows=infibench,
    ),
    Source(
        name="rtllm",
        repository="hkust-zhiyao/RTLLM",
        commit="41b26896e33b536940116a975626455eed3de65e",
        licence="MIT",
        how="whole source → code",
        rows=rtllm,
    ),
    Source(
        name="numpy_100",
        repository="rougier/numpy-100",
        commit="6447594ad639908dc979446a4ec7f0f2e62fb23b",
        licence="MIT",
        how="whole source → code",
        rows=numpy_100,
    ),
    Source(
        name="exercism",
        repository="exercism/problem-specifications",
        commit="03f83310ed0547b902d211a05d23b3d74661df02",
        licence="MIT",
        how="exercises that name a program, function or algorithm → code",
        rows=exercism,
    ),
]
