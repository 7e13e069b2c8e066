"""Sums in words, of school and of competitions. A sum of one step is simple: it is answered at a glance."""

import re

from collect.rows import LANGUAGES, choices, printed
from collect.source import Source


def cmath(tree):
    """Chinese primary school: the set says how many steps a sum takes."""
    for problem in tree.lines("datasets/cmath_dev.jsonl"):
        steps, grade = problem["reasoning_step"], problem["grade"]
        if steps == 1 or steps > 2 or grade > 3:
            yield printed(problem["input"], "zh", "simple" if steps == 1 else "reasoning")


JUDGED = re.compile(r"AMC|AIME|AHSME|IMO|USAMO|SMC|UKMT|Kangaroo|AJHSME", re.I)
DRAWN = re.compile(r"includegraphics|picture|figure|diagram|如图|下图|图中|shown below", re.I)


def typed(formula):
    """The commands of LaTeX that a person would not type, as plain signs."""
    text = re.sub(r"\\textquotesingle\s?", "'", re.sub(r"\$\$?|~|\\textasciitilde", " ", formula))
    text = re.sub(r"\\uline\{\s*\}|\\underline\{\s*\}", "____", text).replace("\\textbackslash", "")
    for command, sign in (("less", "<"), ("greater", ">"), ("bar", "|")):
        text = re.sub(rf"\\text{command}(\{{\}}|\b\s?|(?=\d))", sign, text)
    text = re.sub(r"\\text(?:superscript|bf|it|rm)?\{([^{}]*)\}", r"\1", text).replace("{}", "")
    return text.replace("``", '"').replace("''", '"').replace("\\%", "%").replace("\\#", "#").replace("---", "—")


def tal(folder, lang):
    """Competition questions with options; the easiest, and those of contests that others judge by, are left out."""
    short = 160 if lang == "en" else 40

    def rows(tree):
        for item in (item for path in tree.paths(folder) for item in tree.lines(path)):
            problem = item["problem"]
            text = choices(problem, [option[0]["content"] for option in item["answer_option_list"]], "{}. ")
            easy = item["difficulty"] in "01" or len(problem) < short and len(re.findall(r"\d+", problem)) < 3
            judged = JUDGED.search(" ".join([*item["competition_source_list"], text]))
            if not easy and not judged and not DRAWN.search(text):
                yield printed(typed(text), lang, "reasoning")

    return rows


WORDED = "Hindi Urdu Tamil Chinese Albanian Sinhala Assamese Odia English".split()


def multimwp(tree):
    """The same sums in nine languages: each is taken in one of them only, so that none comes twice."""
    equations = tree.text("dataset/Simple-Equations.txt").splitlines()
    for at, language in enumerate(WORDED):
        lang = LANGUAGES[language.lower()]
        for line in tree.text(f"dataset/Algebraic-{language}.txt").splitlines()[at :: 8 * len(WORDED)]:
            yield printed(line, lang, "reasoning")
        simple = tree.text(f"dataset/Simple-{language}.txt").splitlines()
        for line, equation in list(zip(simple, equations))[at :: 6 * len(WORDED)]:
            steps = len(re.findall(r"[-+*/]", equation))
            if steps != 2:
                yield printed(line, lang, "simple" if steps == 1 else "reasoning")


def korean(tree):
    """Korean sums and puzzles in words; read, as the kinds of the set hold easy and hard ones."""
    for item in tree.json("public_mwp_data.json").values():
        yield printed(item["question"], "ko")


SOURCES = [
    Source(
        name="cmath",
        repository="XiaoMi/cmath",
        commit="9fa13ef0b2d03f5a18c1ace7001248d3981d65ea",
        licence="CC BY 4.0 (data), MIT (code)",
        how="by the number of steps the set states: one → simple, three or more (two from grade four on) → reasoning",
        rows=cmath,
    ),
    Source(
        name="tal_scq_zh",
        repository="math-eval/TAL-SCQ5K",
        commit="8a66d6e14c65ba002beda39747e6b7c43bd2d472",
        licence="MIT",
        how="Chinese competition questions with options → reasoning",
        rows=tal("ch_single_choice_constructed_5K", "zh"),
    ),
    Source(
        name="tal_scq_en",
        repository="math-eval/TAL-SCQ5K",
        commit="8a66d6e14c65ba002beda39747e6b7c43bd2d472",
        licence="MIT",
        how="English competition questions with options → reasoning",
        rows=tal("en_single_choice_constructed_5K", "en"),
    ),
    Source(
        name="multimwp",
        repository="OmegaGamage/multiMWP",
        commit="7dea9f00a8124c8b96bfa49b5476880c00438e83",
        licence="MIT",
        how="algebra in words and sums of three or more steps → reasoning; sums of one step → simple",
        rows=multimwp,
    ),
    Source(
        name="korean_mwp",
        repository="jkc-ai/mwp-korean-data-2021",
        commit="34b954346fbd5d836e51e1ada6f7289cc89be8c5",
        licence="MIT",
        how="Korean sums and puzzles in words, labelled by reading",
        rows=korean,
        held_out=True,
    ),
]
