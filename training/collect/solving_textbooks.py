"""Exercises of textbooks: what is to be calculated, and beside it what is to be explained or defined.

The subject of a question alone must not give its label away, so both kinds come from the same books.
"""

import re
from xml.etree import ElementTree

from collect.cleaning import lettered
from collect.formats import tag
from collect.rows import printed
from collect.source import Source

UNSEEN = {"media", "figure", "table", "link", "solution", "commentary"}

ELSEWHERE = re.compile(
    r"previous|preceding|above|figure|poprzedni|powyżs|rysun|anterior|precedente|siguiente tabla|figura", re.I
)


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
            return lettered(re.sub(r"\s+", " ", inner(item)) for item in element if tag(item) == "item") + "\n"
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

    def rows(tree):
        for section, text in exercises(tree, collections):
            label = kind(section, text)
            if label and not ELSEWHERE.search(text):
                yield printed(text, lang, label)

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
    """Spanish chemistry mixes both in one section: told apart by the verb and by whether there is a number to use."""
    if section != "exercises":
        return None
    explains, calculates = EXPLAINS["es"].search(text), CALCULATES.search(text)
    if calculates and not explains:
        return "reasoning" if AMOUNT.search(text) else None
    return (
        "general" if explains and not calculates and not DECIDES.search(text) and not re.search(r"\d,\d", text) else None
    )


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


def without_tex(body):
    """The words of an exercise written in LaTeX, its parts lettered; commands that are not known stay."""
    body = re.sub(r"(?<!\\)%.*", "", body)
    body = re.sub(r"^\\qt\{[^{}]*(\\label\{[^}]*\})?\}|\\footfull?cite\w*\{[^}]*\}|\\label\{[^}]*\}", "", body)
    body = re.sub(r"\\(begin|end)\{\w+\}|(?<!\\)\$", "", body)
    body = re.sub(r"(?<=\w)~|~(?=\w)", " ", re.sub(r"\\([%$&#])", r"\1", body))
    body = re.sub(r"\s+", " ", re.sub(r"\\(textit|emph|textbf|var|texttt)\{([^}]*)\}", r"\2", body))
    start, *parts = body.replace("``", '"').replace("''", '"').split("\\item")
    return start + lettered(parts)


def openintro(tree):
    """Exercises of an introduction to statistics (LaTeX) that need neither table nor picture; read."""
    for path in (path for path in tree.paths() if path.endswith(".tex") and "/TeX/" in path):
        for exercise in tree.text(path).split("\\eoce{")[1:]:
            body = exercise.split("\n}{}")[0]
            if not re.search(r"tabular|includegraphics|\\ref|Figures?\b|\}\{\}", body):
                text = without_tex(body)
                if "\\" not in text:
                    yield printed(text, "en", domain="statistics")


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
        name="openintro_statistics",
        repository="OpenIntroStat/openintro-statistics",
        commit="fee25091fb24e89c36296fd67c48c1fcf7a93b6e",
        licence="CC BY-SA 3.0",
        how="exercises of an introduction to statistics, labelled by reading",
        rows=openintro,
        held_out=True,
    ),
]
