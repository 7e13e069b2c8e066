"""Questions of opinion, advice and explanation: they want paragraphs and not a fact, so they are general."""

import re

from collect.rows import single
from collect.source import Source


def nfcats(tree):
    """Questions sorted by the kind of answer they need; the kinds that ask for more than a fact are general.

    The debates that were found by a rule hold questions of fact; those that begin with "should" are debates indeed.
    """
    for part in ("train", "valid", "test"):
        for row in tree.table(f"nfcats/data/{part}.csv"):
            debate = row["category"] == "DEBATE" and row["question"].startswith("Should")
            if debate or row["category"] in ("EXPERIENCE", "REASON", "COMPARISON"):
                yield single(row["question"], "en", "general")


def cvalues(tree):
    """Without the questions of law, of which some are cases with one right decision."""
    for line in tree.lines("dataset/cvalues_responsibility_prompts.jsonl"):
        if "法" not in line["domain_zh"]:
            yield single(line["prompt"], "zh", "general", domain=line["domain_en"])


def square(tree):
    for question in tree.json("data/SQuARe/question_test.json"):
        if question["category"] in ("contentious", "ethical"):
            yield single(question["question"], "ko", "general")


def pfgen(tree):
    """One file a question, with the answers that were accepted for it, which are not needed."""
    for path in sorted(tree.paths("data")):
        if re.search(r"/Q\d+\.json$", path):
            yield single(tree.json(path)["question"], "ja")


SOURCES = [
    Source(
        name="nfcats",
        repository="Lurunchik/NF-CATS",
        commit="1b8c3b83337dfe0889245e817f1ba104e69939bd",
        licence="MIT",
        how="questions of debate, experience, reason and comparison → general",
        rows=nfcats,
    ),
    Source(
        name="cvalues",
        repository="X-PLUG/CValues",
        commit="3018d3886890d04c95c9051c7055fb19e36ef592",
        licence="Apache-2.0",
        how="experts' Chinese questions of judgement and advice, but on law → general",
        rows=cvalues,
    ),
    Source(
        name="square",
        repository="naver-ai/korean-safety-benchmarks",
        commit="e32837cd19c45564ab00083fbb2a4b89ecdf83f3",
        licence="MIT",
        how="contentious and ethical questions in Korean → general",
        rows=square,
    ),
    Source(
        name="pfgen",
        repository="pfnet-research/pfgen-bench",
        commit="03db7c4310c651171627ab327a4830d75d6bb1d0",
        licence="Apache-2.0",
        how="fifty Japanese questions, for a definition in a line or an explanation; labelled by reading",
        rows=pfgen,
    ),
]
