"""Questions that must be worked out, and beside them some of the same fields that ask for a fact or an explanation.

Exams, textbooks, puzzle books and logic sets: the subject of a question alone must not give its label away.
"""

import html
import io
import json
import re
import tarfile
import zipfile
from functools import wraps
from xml.etree import ElementTree

from collect.source import Source

LONGEST = 6000


def row(text, lang, label=None, domain=None):
    """A row with one user turn, its white space tidied; `label` is left out where it comes from reading."""
    text = re.sub(r"[\u200b\u2061\u2062\u2063]", "", html.unescape(text))
    text = re.sub(r"[ \t\u00a0]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text).strip()
    known = {key: value for key, value in (("label", label), ("domain", domain)) if value}
    return {"text": re.sub(r"\n{3,}", "\n\n", text), "lang": lang, **known}


def fitting(reader):
    """Leaves out what is too short to be a question or too long to be learnt from."""

    @wraps(reader)
    def rows(tree):
        return (each for each in reader(tree) if 8 <= len(each["text"]) <= LONGEST)

    return rows


def choices(question, options, mark="{}) "):
    """A question with its options below, lettered as an exam prints them."""
    lettered = [mark.format(letter) + option.strip() for letter, option in zip("ABCDEFGHIJ", options)]
    return "\n".join([question.strip(), *lettered])


# Textbooks of OpenStax (CNXML): exercises stand in sections whose class says what kind they are.

LETTERS = "abcdefghijklmnopqrstuvwxyz"
UNSEEN = {"media", "figure", "table", "link", "solution", "commentary"}
ELSEWHERE = re.compile(
    r"previous|preceding|above|figure|poprzedni|powyżs|rysun|anterior|precedente|siguiente tabla|figura", re.I
)


def tag(element):
    """The name of an XML element without its namespace."""
    return element.tag.rpartition("}")[2]


def inner(element):
    """The text below an element, formulas and lists written out on the line."""
    parts = [element.text or ""]
    for child in element:
        parts += [written(child), child.tail or ""]
    return "".join(parts)


def scripted(element):
    """A power, an index or a fraction as it is typed; a fraction's sums in brackets. None for anything else."""
    parts = [re.sub(r"\s+", " ", written(child)).strip() for child in element]
    match tag(element), parts:
        case "msup", [base, high]:
            return f"{base}^{high}"
        case "msub", [base, low]:
            return f"{base}_{low}"
        case "msubsup", [base, low, high]:
            return f"{base}_{low}^{high}"
        case "mover", [base, _]:
            return base
        case "mfrac", [_, _]:
            return "/".join(f"({part})" if re.search(r"[-+ −]", part) else part for part in parts)
    return None


def written(element):
    """One element of a textbook as plain text."""
    match tag(element):
        case "annotation" | "annotation-xml" | "note" | "footnote":
            return ""
        case "msup" | "msub" | "msubsup" | "mover" | "mfrac":
            return scripted(element) or inner(element)
        case "msqrt":
            return f"√({inner(element).strip()})"
        case "sup":
            return "^" + inner(element)
        case "sub":
            return "_" + inner(element)
        case "newline":
            return "\n"
        case "para":
            return inner(element) + "\n"
        case "list":
            items = [re.sub(r"\s+", " ", inner(item)).strip() for item in element if tag(item) == "item"]
            return "\n" + "\n".join(f"({letter}) {item}" for letter, item in zip(LETTERS, items)) + "\n"
        case name if name.startswith("m") and name != "mtext":
            return re.sub(r"\s*\n\s*", "", inner(element))
    return inner(element)


def exercises(tree, collections=""):
    """(class of section, text) of every exercise that needs neither picture, table nor another page of the book."""
    contents = "".join(tree.text(path) for path in tree.paths("collections") if re.search(collections, path))
    for module in dict.fromkeys(re.findall(r'document="(m\d+)"', contents)):
        page = ElementTree.fromstring(tree.text(f"modules/{module}/index.cnxml"))
        for section in (element for element in page.iter() if tag(element) == "section"):
            for problem in section.iter():
                if tag(problem) == "problem" and not UNSEEN & {tag(part) for part in problem.iter()}:
                    yield section.get("class", ""), re.sub(r"[ \t]*\n\s*", "\n", inner(problem)).strip()


def textbook(lang, kind, collections=""):
    """Reads the exercises of a book that stand alone; `kind(section, text)` gives a label or None."""

    @fitting
    def rows(tree):
        for section, text in exercises(tree, collections):
            label = kind(section, text)
            if label and not ELSEWHERE.search(text):
                yield row(text, lang, label)

    return rows


EXPLAINS = {
    "en": re.compile(r"\b(explain|why|describe|discuss|how (do|does|did|can|could|is|are|might|would|will))\b", re.I),
    "pl": re.compile(r"\b(wyjaśnij|dlaczego|opisz|omów|jak myślisz)", re.I),
    "es": re.compile(r"\b(explique|por qué|describa|comente|analice|argumente)", re.I),
}
CALCULATES = re.compile(r"oblicz|wyznacz|udowodnij|calcul|determin|cuánt|halle|demuestre", re.I)
DECIDES = re.compile(r"dibuje|prediga|ordene|escriba|identifique|hibridación|cuál(es)? de l|qué lado|qué sentido", re.I)
AMOUNT = re.compile(r"\d[\d,.]* ?(g|kg|mg|mL|L|mol|M|kJ|J|atm|K|°C|torr|cm|m|%|s)\b")
DEFINITION = re.compile(r"(What (is|are) (a |an |the )?[\w' -]{4,40}|Define [\w' -]{4,40}|What does [\w ]+ mean)[?.]")
UP_TO_DATE = re.compile(r"http|online|database|retrieve|now|has the U", re.I)


def physics(lang):
    """Problems are to be calculated; of the conceptual questions only those that ask for an explanation are sure."""

    def kind(section, text):
        if section in ("review-problems", "review-challenge", "review-additional-problems"):
            return "reasoning" if re.search(r"\d", text) and not EXPLAINS[lang].search(text) else None
        if section == "review-conceptual-questions" and EXPLAINS[lang].search(text):
            return None if CALCULATES.search(text) or DECIDES.search(text) else "general"
        return None

    return kind


def chemistry(section, text):
    """Spanish chemistry mixes both in one section: told apart by the verb and by whether there is a number to work with."""
    if section != "exercises":
        return None
    explains, calculates = EXPLAINS["es"].search(text), CALCULATES.search(text)
    if calculates and not explains:
        return "reasoning" if AMOUNT.search(text) else None
    return "general" if explains and not calculates and not DECIDES.search(text) and not re.search(r"\d,\d", text) else None


def economics(section, text):
    """Problems are sums, discussions are essays; of the review questions one-line definitions are simple."""
    if section == "problems":
        return "reasoning" if re.search(r"\d", text) and not UP_TO_DATE.search(text) else None
    if section == "critical-thinking":
        return None if re.search(r"\d", text) else "general"
    if section == "review-questions":
        if DEFINITION.fullmatch(text):
            return "simple"
        return "general" if EXPLAINS["en"].search(text) else None
    return None


# Sums in words.


@fitting
def cmath(tree):
    """Chinese primary school: the set says how many steps a sum takes."""
    for problem in tree.lines("datasets/cmath_dev.jsonl"):
        steps, grade = problem["reasoning_step"], problem["grade"]
        if steps == 1 or steps > 2 or grade > 3:
            yield row(problem["input"], "zh", "simple" if steps == 1 else "reasoning")


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

    @fitting
    def rows(tree):
        for item in (item for path in tree.paths(folder) for item in tree.lines(path)):
            problem = item["problem"]
            text = choices(problem, [option[0]["content"] for option in item["answer_option_list"]], "{}. ")
            easy = item["difficulty"] in "01" or len(problem) < short and len(re.findall(r"\d+", problem)) < 3
            if not easy and not DRAWN.search(text) and not JUDGED.search(" ".join([*item["competition_source_list"], text])):
                yield row(typed(text), lang, "reasoning")

    return rows


WORDED = {
    "Hindi": "hi",
    "Urdu": "ur",
    "Tamil": "ta",
    "Chinese": "zh",
    "Albanian": "sq",
    "Sinhala": "si",
    "Assamese": "as",
    "Odia": "or",
    "English": "en",
}


@fitting
def multimwp(tree):
    """The same sums in nine languages: each is taken in one of them only, so that none comes twice."""
    equations = tree.text("dataset/Simple-Equations.txt").splitlines()
    for turn, (language, lang) in enumerate(WORDED.items()):
        for line in tree.text(f"dataset/Algebraic-{language}.txt").splitlines()[turn :: 8 * len(WORDED)]:
            yield row(line, lang, "reasoning")
        simple = tree.text(f"dataset/Simple-{language}.txt").splitlines()
        for line, equation in list(zip(simple, equations))[turn :: 6 * len(WORDED)]:
            steps = len(re.findall(r"[-+*/]", equation))
            if steps != 2:
                yield row(line, lang, "simple" if steps == 1 else "reasoning")


# Puzzle books in the public domain.

DRAWING = re.compile(
    r"illustrat|diagram|\[|_see_|figure|sketch|draw|\+---|accompanying|shown|depicted|page|\bplan\b|\bmap\b|marked|"
    r"\([A-Z]\)",
    re.I,
)


def latin(tree, path):
    """A text of Project Gutenberg in its older encoding."""
    return tree.git("show", f"{tree.commit}:{path}").decode("latin-1").replace("\r", "")


def flowing(text):
    """Prose broken into lines as one line a paragraph, without the underscores that stand for italics."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text.strip()).replace("_", "")


def dudeney(path, last):
    """Numbered puzzles, each with its title, up to the heading `last`; those that lean on a drawing are left out."""

    @fitting
    def rows(tree):
        text = latin(tree, path)
        text = re.sub(r"\[Illustration\]", "", text[: text.rindex(last)])
        for puzzle in re.split(r"\n\n *\d+\.--", text)[1:]:
            body = re.split(r"\n\n\n", puzzle.partition("\n")[2].strip())[0]
            if re.search(r"\?|[Hh]ow (many|much|long|far)|[Ff]ind", body) and not DRAWING.search(body):
                yield row(flowing(body), "en", "reasoning")

    return rows


@fitting
def carroll(tree):
    """Premises in plain words from the examples of Lewis Carroll's Symbolic Logic, each with what its heading asks."""
    text = re.sub(r"\n +pg\d+(?=\n)", "", latin(tree, "28696-8.txt"))
    pairs, _, rest = text.partition("EX5\n")[2].partition("EX6\n")
    syllogisms, _, rest = rest.partition("EX7\n")[2].partition("EX8\n")
    for examples, asked in ((pairs, "Conclusions to be found."), (syllogisms, "To be examined.")):
        for example in re.split(r"\n+ *\d+\. ", examples)[1:]:
            premises = re.sub(r"\n\s+", "\n", example.split("\n\n\n")[0].strip()).replace("_", "")
            yield row(f"{premises}\n{asked}", "en", "reasoning")
    for example in re.split(r"\n +=\d+\.=\n", rest.partition("EX9\n")[2])[1:]:
        premises = flowing(example.partition("\nUniv.")[0])
        if len(premises) < 2_500:
            yield row(f"{premises}\nConclusion to be found.", "en", "reasoning")


@fitting
def tangled(tree):
    """The problems of Lewis Carroll's A Tangled Tale as he puts them shortly before the answers."""
    for problem in re.findall(r"_(?:The )?Problems?\._--(.*?)\n\n_(?:The )?Answers?", latin(tree, "29042-8.txt"), re.S):
        yield row(flowing(re.split(r"\n\n_Solution", problem)[0]).strip('"'), "en", "reasoning")


# Logic in natural language.


@fitting
def folio(tree):
    """Premises and a conclusion of FOLIO, two conclusions a story at most."""
    taken = {}
    for path in ("data/v0.0/folio-train.jsonl", "data/v0.0/folio-validation.jsonl"):
        for item in tree.lines(path):
            told = tuple(item["premises"])
            taken[told] = taken.get(told, 0) + 1
            if taken[told] <= 2:
                premises = "\n".join(premise.removeprefix("[BG]").strip() for premise in told)
                yield row(f"{premises}\nConclusion: {item['conclusion']}\nTrue, False or Uncertain?", "en", "reasoning")


@fitting
def strategyqa(tree):
    """Short yes/no questions that hide several steps; which of them are deductions and which knowledge was read."""
    for path in ("data/strategyqa/train.json", "data/strategyqa/dev.json"):
        for item in tree.json(path):
            if len(item["decomposition"]) >= 3:
                yield row(item["question"], "en")


@fitting
def cladder(tree):
    """Given chances and a question of cause; only those with three chances or more, which a glance does not answer."""
    for path in ("data/test-generate-hard.json", "data/test-generate-anti.json", "data/test-generate-easy.json"):
        for item in tree.json(path)[::40]:
            if item["given_info"].count("%") >= 3:
                yield row(f"{item['given_info']} {item['question']}", "en", "reasoning")


PLANS = ("blocksworld/gpt-4_chat/task_1_plan_generation_zero_shot", "logistics/gpt-4_chat/task_1_zero_shot_plan_generation")


@fitting
def planning(tree):
    """Blocks to be stacked and parcels to be moved under stated rules, a few of each as they are much alike."""
    for path in PLANS:
        for item in tree.json(f"llm_planning_analysis/results/{path}.json")["instances"][:15]:
            yield row(re.sub(r"\[(STATEMENT|PLAN)\]", "", item["query"]), "en", "reasoning")


# Examinations.


@fitting
def casimedicos(tree):
    """Spanish residency examinations: a clinical case, a question and its options, put together again from words."""
    archive = tarfile.open(fileobj=io.BytesIO(tree.git("show", f"{tree.commit}:casimedicos-arg.tar.gz")))
    for part in ("train", "dev", "test"):
        lines = archive.extractfile(f"casimedicos-arg/ES/{part}.tsv").read().decode("utf-8").splitlines()
        words = [line.split("\t")[0].split(" ")[0] if line.strip() else "\n" for line in lines]
        for case in re.findall(r"CLINICAL CASE:(.*?)CORRECT ANSWER", " ".join(words), re.S):
            yield row(re.sub(r"\s\d- nan\b", "", case), "es", "reasoning")


@fitting
def oab(tree):
    """The Brazilian bar examination: the long questions tell a case to which the law is to be applied."""
    for path in tree.paths("official/raw"):
        for question in re.split(r"Questão \d+\s", tree.text(path))[1:]:
            told, _, listed = re.sub(r"(NULL\s+)?\bAREA\b.*", "", question).partition("OPTIONS")
            options = re.split(r"\n[A-E](?::CORRECT)?\) ", listed.split("\n---")[0])[1:]
            told, *options = [re.sub(r"\s+", " ", part) for part in (told, *options)]
            if len(options) == 4 and len(told) > 350:
                yield row(choices(told, options), "pt", "reasoning", "law")


EXAMS = ("bg", "hr", "hu", "it", "mk", "pl", "pt", "sq", "sr", "tr", "vi")
GIVEN = re.compile(r"\d+(?:[.,]\d+)? ?(?:kg|g|mol|M|m/s|cm|mm|km|m|s|V|A|N|J|K|°C|Ω|Hz|lít|gam|ml|W|F|%)\b")


@fitting
def exams(tree):
    """School leaving examinations in eleven languages; sums with two amounts or more are sure, the rest was read."""
    for lang in EXAMS:
        packed = tree.git("show", f"{tree.commit}:data/exams/cross-lingual/train_{lang}.jsonl.tar.gz")
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            lines = archive.extractfile(archive.getmembers()[0]).read().decode("utf-8").splitlines()
        for item in map(json.loads, lines):
            stem, subject = item["question"]["stem"], item["info"]["subject"].lower()
            label = "reasoning" if subject in ("physics", "chemistry") and len(GIVEN.findall(stem)) >= 2 else None
            yield row(choices(stem, [option["text"] for option in item["question"]["choices"]]), lang, label, subject)


@fitting
def french_pharmacy(tree):
    """French pharmacy examinations, the question and its five options; read."""
    for part in ("dev", "test"):
        for item in tree.json(f"corpus/{part}.json"):
            yield row(choices(item["question"], item["answers"].values(), "{}. "), "fr", domain="medicine")


@fitting
def korean(tree):
    """Korean sums and puzzles in words; read, as the kinds of the set hold easy and hard ones."""
    for item in tree.json("public_mwp_data.json").values():
        yield row(item["question"], "ko")


@fitting
def onet(tree):
    """Thai school and investment examinations with options; read."""
    for path in tree.paths("exams"):
        if re.search(r"/(04|09|10|11|14|15|16)_", path):
            for item in tree.table(path):
                if item["isAnswerable"].upper() == "TRUE":
                    yield row(f"{item['instruction']}\n{item['input']}".replace("\\n", "\n"), "th")


@fitting
def enem(tree):
    """The Brazilian university entrance examination of 2024, questions without pictures; read."""
    for item in tree.lines("data/enem/2024.jsonl"):
        if not item["IU"] and not item["figures"] and item["label"] != "Anulado":
            yield row(choices(item["question"].replace("## ", ""), item["alternatives"]), "pt")


def sheet(packed):
    """The rows of the first sheet of an Excel file as dictionaries."""
    with zipfile.ZipFile(io.BytesIO(packed)) as book:
        strings = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        cells = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    shared = ["".join(part.text or "" for part in item.iter() if tag(part) == "t") for item in strings]
    filled = []
    for line in (element for element in cells.iter() if tag(element) == "row"):
        values = {}
        for cell in line:
            value = next((part.text for part in cell if tag(part) == "v"), "")
            values[re.sub(r"\d", "", cell.get("r"))] = shared[int(value)] if cell.get("t") == "s" and value else value
        filled.append(values)
    heading, *body = filled
    return [{heading[column]: value for column, value in values.items()} for values in body]


@fitting
def lexam(tree):
    """Law examinations of a Swiss university, German and English, open questions; read."""
    for item in sheet(tree.git("show", f"{tree.commit}:data/open_questions_dev.xlsx")):
        yield row(item["question"], item["language"], domain="law")


def without_tex(body):
    """The words of an exercise written in LaTeX, its parts lettered; commands that are not known stay."""
    body = re.sub(r"(?<!\\)%.*", "", body)
    body = re.sub(r"^\\qt\{[^{}]*(\\label\{[^}]*\})?\}|\\footfull?cite\w*\{[^}]*\}|\\label\{[^}]*\}", "", body)
    body = re.sub(r"\\(begin|end)\{\w+\}|(?<!\\)\$", "", body)
    body = re.sub(r"(?<=\w)~|~(?=\w)", " ", re.sub(r"\\([%$&#])", r"\1", body))
    body = re.sub(r"\s+", " ", re.sub(r"\\(textit|emph|textbf|var|texttt)\{([^}]*)\}", r"\2", body))
    start, *parts = body.replace("``", '"').replace("''", '"').split("\\item")
    return start + "".join(f"\n({letter}) {part.strip()}" for letter, part in zip(LETTERS, parts))


@fitting
def openintro(tree):
    """Exercises of an introduction to statistics (LaTeX) that need neither table nor picture; read."""
    for path in (path for path in tree.paths() if path.endswith(".tex") and "/TeX/" in path):
        for exercise in tree.text(path).split("\\eoce{")[1:]:
            body = exercise.split("\n}{}")[0]
            if not re.search(r"tabular|includegraphics|\\ref|Figures?\b|\}\{\}", body):
                text = without_tex(body)
                if "\\" not in text:
                    yield row(text, "en", domain="statistics")


SOURCES = [
    Source(
        name="openstax_fizyka",
        repository="openstax/osbooks-fizyka-bundle",
        commit="bdf3158ca1f9ed7516626e7b0f39047d37b43719",
        licence="CC BY 4.0",
        how="Polish physics, volumes 1 and 3: problems with numbers → reasoning; questions for an explanation → general",
        rows=textbook("pl", physics("pl"), "tom-[13]"),
    ),
    Source(
        name="openstax_fisica",
        repository="openstax/osbooks-fisica-universitaria-bundle",
        commit="dcfa34b3a56bfd87ec7caf25e9b90de82f8e80a1",
        licence="CC BY 4.0",
        how="Spanish physics, volume 2 of the same work: as openstax_fizyka",
        rows=textbook("es", physics("es"), "volumen-2"),
    ),
    Source(
        name="openstax_quimica",
        repository="openstax/osbooks-quimica-bundle",
        commit="755d386f196fdd7a308e0d9cecd1ff9fb1009241",
        licence="CC BY 4.0",
        how="Spanish chemistry: amounts to be calculated → reasoning; explanations without amounts → general",
        rows=textbook("es", chemistry),
    ),
    Source(
        name="openstax_economics",
        repository="openstax/osbooks-principles-economics-bundle",
        commit="cd31beb103fffbc09cc81ebfe117d8c40cc12d1a",
        licence="CC BY 4.0",
        how="economics: problems → reasoning; critical thinking, how and why → general; one-line definitions → simple",
        rows=textbook("en", economics, "principles-economics"),
    ),
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
    Source(
        name="casimedicos",
        repository="ixa-ehu/antidote-casimedicos",
        commit="bead23e4bd1235440c4ff5b37ae7f2f81ea7c738",
        licence="CC BY 4.0",
        how="clinical cases of the Spanish residency examination with options → reasoning",
        rows=casimedicos,
    ),
    Source(
        name="oab_exams",
        repository="legal-nlp/oab-exams",
        commit="b47d6f318c98fc213c1dc5d0ee7de8d2b98cfbd3",
        licence="MIT",
        how="Brazilian bar examination: questions long enough to tell a case → reasoning; the rest left out",
        rows=oab,
    ),
    Source(
        name="exams_qa",
        repository="mhardalov/exams-qa",
        commit="f859e665de6c370f6214ca5f36a34ace36ada6cb",
        licence="CC BY-SA 4.0",
        how="school leaving examinations: physics and chemistry with two amounts or more → reasoning; others by reading",
        rows=exams,
    ),
    Source(
        name="frenchmedmcqa",
        repository="qanastek/FrenchMedMCQA",
        commit="4e36a4055245feec3218573c9f6bb1a9ecb1756b",
        licence="Apache 2.0",
        how="French pharmacy examinations, labelled by reading",
        rows=french_pharmacy,
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
    Source(
        name="thai_exams",
        repository="OpenThaiGPT/openthaigpt_eval",
        commit="715e8730a9e4f233b3e80ba38ce5ee7dc319b363",
        licence="Apache 2.0",
        how="Thai school and investment examinations, labelled by reading",
        rows=onet,
        held_out=True,
    ),
    Source(
        name="enem_2024",
        repository="piresramon/gpt-4-enem",
        commit="cbba7fdd735845bb45ac80d5090baae1b949d782",
        licence="MIT",
        how="Brazilian university entrance examination, labelled by reading",
        rows=enem,
        held_out=True,
    ),
    Source(
        name="lexam",
        repository="LEXam-Benchmark/LEXam",
        commit="487f729e85725e5d3e00c0b25142de1e86cda643",
        licence="CC BY 4.0 (data), Apache 2.0 (code)",
        how="law examinations in German and English, labelled by reading",
        rows=lexam,
        held_out=True,
    ),
    Source(
        name="openintro_statistics",
        repository="OpenIntroStat/openintro-statistics",
        commit="fee25091fb24e89c36296fd67c48c1fcf7a93b6e",
        licence="CC BY-SA 3.0",
        how="exercises of an introduction to statistics, labelled by reading",
        rows=openintro,
        held_out=True,
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
]
