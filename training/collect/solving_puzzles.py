"""Puzzle books in the public domain, and logic in natural language: answers that are deduced and not known."""

import re

from collect.cleaning import unbroken
from collect.rows import printed
from collect.source import Source

DRAWING = re.compile(
    r"illustrat|diagram|\[|_see_|figure|sketch|draw|\+---|accompanying|shown|depicted|page|\bplan\b|\bmap\b|marked|"
    r"\([A-Z]\)",
    re.I,
)


def latin(tree, path):
    """A text of Project Gutenberg in its older encoding."""
    return tree.text(path, "latin-1").replace("\r", "")


def flowing(text):
    """Prose of such a book as one line a paragraph, without the underscores that stand for italics."""
    return unbroken(text).replace("_", "")


def dudeney(path, last):
    """Numbered puzzles, each with its title, up to the heading `last`; those that lean on a drawing are left out."""

    def rows(tree):
        text = latin(tree, path)
        text = re.sub(r"\[Illustration\]", "", text[: text.rindex(last)])
        for puzzle in re.split(r"\n\n *\d+\.--", text)[1:]:
            body = re.split(r"\n\n\n", puzzle.partition("\n")[2].strip())[0]
            if re.search(r"\?|[Hh]ow (many|much|long|far)|[Ff]ind", body) and not DRAWING.search(body):
                yield printed(flowing(body), "en", "reasoning")

    return rows


def carroll(tree):
    """Premises in plain words from the examples of Lewis Carroll's Symbolic Logic, each with what its heading asks."""
    text = re.sub(r"\n +pg\d+(?=\n)", "", latin(tree, "28696-8.txt"))
    pairs, _, rest = text.partition("EX5\n")[2].partition("EX6\n")
    syllogisms, _, rest = rest.partition("EX7\n")[2].partition("EX8\n")
    for examples, asked in ((pairs, "Conclusions to be found."), (syllogisms, "To be examined.")):
        for example in re.split(r"\n+ *\d+\. ", examples)[1:]:
            premises = re.sub(r"\n\s+", "\n", example.split("\n\n\n")[0].strip()).replace("_", "")
            yield printed(f"{premises}\n{asked}", "en", "reasoning")
    for example in re.split(r"\n +=\d+\.=\n", rest.partition("EX9\n")[2])[1:]:
        premises = flowing(example.partition("\nUniv.")[0])
        if len(premises) < 2_500:
            yield printed(f"{premises}\nConclusion to be found.", "en", "reasoning")


def tangled(tree):
    """The problems of Lewis Carroll's A Tangled Tale as he puts them shortly before the answers."""
    for problem in re.findall(r"_(?:The )?Problems?\._--(.*?)\n\n_(?:The )?Answers?", latin(tree, "29042-8.txt"), re.S):
        yield printed(flowing(re.split(r"\n\n_Solution", problem)[0]).strip('"'), "en", "reasoning")


def folio(tree):
    """Premises and a conclusion of FOLIO, two conclusions a story at most."""
    taken = {}
    for path in ("data/v0.0/folio-train.jsonl", "data/v0.0/folio-validation.jsonl"):
        for item in tree.lines(path):
            told = tuple(item["premises"])
            taken[told] = taken.get(told, 0) + 1
            if taken[told] <= 2:
                premises = "\n".join(premise.removeprefix("[BG]").strip() for premise in told)
                yield printed(
                    f"{premises}\nConclusion: {item['conclusion']}\nTrue, False or Uncertain?", "en", "reasoning"
                )


def strategyqa(tree):
    """Short yes/no questions that hide several steps; which of them are deductions and which knowledge was read."""
    for path in ("data/strategyqa/train.json", "data/strategyqa/dev.json"):
        for item in tree.json(path):
            if len(item["decomposition"]) >= 3:
                yield printed(item["question"], "en")


def cladder(tree):
    """Given chances and a question of cause; only those with three chances or more, which a glance does not answer."""
    for path in ("data/test-generate-hard.json", "data/test-generate-anti.json", "data/test-generate-easy.json"):
        for item in tree.json(path)[::40]:
            if item["given_info"].count("%") >= 3:
                yield printed(f"{item['given_info']} {item['question']}", "en", "reasoning")


PLANS = (
    "blocksworld/gpt-4_chat/task_1_plan_generation_zero_shot",
    "logistics/gpt-4_chat/task_1_zero_shot_plan_generation",
)


def planning(tree):
    """Blocks to be stacked and parcels to be moved under stated rules, a few of each as they are much alike."""
    for path in PLANS:
        for item in tree.json(f"llm_planning_analysis/results/{path}.json")["instances"][:15]:
            yield printed(re.sub(r"\[(STATEMENT|PLAN)\]", "", item["query"]), "en", "reasoning")


SOURCES = [
    Source(
        name="amusements_in_mathematics",
        repository="GITenberg/Amusements-in-Mathematics_16713",
        commit="5be68c7c66b622fda68915935a0547309fcdf594",
        licence="public domain (H. E. Dudeney, 1917)",
        how="puzzles that need no drawing → reasoning",
        rows=dudeney("16713-8.txt", "SOLUTIONS."),
    ),
    Source(
        name="canterbury_puzzles",
        repository="GITenberg/The-Canterbury-PuzzlesAnd-Other-Curious-Problems_27635",
        commit="8e1822b2c49e7f23a02db5f6c372506140e62b50",
        licence="public domain (H. E. Dudeney, 1907)",
        how="puzzles that need no drawing → reasoning",
        rows=dudeney("27635-8.txt", "SOLUTIONS"),
    ),
    Source(
        name="symbolic_logic",
        repository="GITenberg/Symbolic-Logic_28696",
        commit="1680e720f521c3264afe28f66fa9c1bd52985369",
        licence="public domain (Lewis Carroll, 1897)",
        how="premises in plain words, conclusions to be found or examined → reasoning",
        rows=carroll,
        held_out=True,
    ),
    Source(
        name="tangled_tale",
        repository="GITenberg/A-Tangled-Tale_29042",
        commit="a93b6120186fe25051c66ec23bec65b5644360af",
        licence="public domain (Lewis Carroll, 1885)",
        how="problems in words → reasoning",
        rows=tangled,
        held_out=True,
    ),
    Source(
        name="folio",
        repository="Yale-LILY/FOLIO",
        commit="5d7bb84c7edab3fb358e057d2807f19cf5cf5e2d",
        licence="CC BY-SA 4.0",
        how="deduction from premises in natural language → reasoning",
        rows=folio,
    ),
    Source(
        name="strategyqa",
        repository="eladsegal/strategyqa",
        commit="1ba1e97452e189569357876f2854b01357ffbe37",
        licence="MIT",
        how="yes/no questions whose stated decomposition has three steps or more, labelled by reading",
        rows=strategyqa,
    ),
    Source(
        name="cladder",
        repository="causalNLP/cladder",
        commit="3d2d1169b4b939a09048a6a75956c8972a93cc38",
        licence="MIT",
        how="questions of cause from given chances, kinds that take several steps → reasoning",
        rows=cladder,
    ),
    Source(
        name="planbench",
        repository="karthikv792/LLMs-Planning",
        commit="b008bc4327112affd525035b9e82f93f54b9b3a3",
        licence="MIT",
        how="plans under stated rules → reasoning",
        rows=planning,
    ),
]
