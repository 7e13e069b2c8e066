"""Examinations of schools, universities and professions: some questions are to be worked out, others only known.

Most sets mix the two, so where no rule tells them apart the rows were read.
"""

import io
import json
import re
import zipfile
from xml.etree import ElementTree

from collect.formats import tag, unpacked
from collect.rows import choices, printed
from collect.source import Source


def casimedicos(tree):
    """Spanish residency examinations: a clinical case, a question and its options, put together again from words."""
    files = unpacked(tree.content("casimedicos-arg.tar.gz"))
    for part in ("train", "dev", "test"):
        lines = files[f"casimedicos-arg/ES/{part}.tsv"].splitlines()
        words = [line.split("\t")[0].split(" ")[0] if line.strip() else "\n" for line in lines]
        for case in re.findall(r"CLINICAL CASE:(.*?)CORRECT ANSWER", " ".join(words), re.S):
            yield printed(re.sub(r"\s\d- nan\b", "", case), "es", "reasoning")


def oab(tree):
    """The Brazilian bar examination: the long questions tell a case to which the law is to be applied."""
    for path in tree.paths("official/raw"):
        for question in re.split(r"Questão \d+\s", tree.text(path))[1:]:
            told, _, listed = re.sub(r"(NULL\s+)?\bAREA\b.*", "", question).partition("OPTIONS")
            options = re.split(r"\n[A-E](?::CORRECT)?\) ", listed.split("\n---")[0])[1:]
            told, *options = [re.sub(r"\s+", " ", part) for part in (told, *options)]
            if len(options) == 4 and len(told) > 350:
                yield printed(choices(told, options), "pt", "reasoning", domain="law")


EXAMS = ("bg", "hr", "hu", "it", "mk", "pl", "pt", "sq", "sr", "tr", "vi")
GIVEN = re.compile(r"\d+(?:[.,]\d+)? ?(?:kg|g|mol|M|m/s|cm|mm|km|m|s|V|A|N|J|K|°C|Ω|Hz|lít|gam|ml|W|F|%)\b")


def exams(tree):
    """School leaving examinations in eleven languages; sums with two amounts or more are sure, the rest was read."""
    for lang in EXAMS:
        (questions,) = unpacked(tree.content(f"data/exams/cross-lingual/train_{lang}.jsonl.tar.gz")).values()
        for item in map(json.loads, questions.splitlines()):
            stem, subject = item["question"]["stem"], item["info"]["subject"].lower()
            label = "reasoning" if subject in ("physics", "chemistry") and len(GIVEN.findall(stem)) >= 2 else None
            yield printed(
                choices(stem, [option["text"] for option in item["question"]["choices"]]), lang, label, domain=subject
            )


def french_pharmacy(tree):
    """French pharmacy examinations, the question and its five options; read."""
    for part in ("dev", "test"):
        for item in tree.json(f"corpus/{part}.json"):
            yield printed(choices(item["question"], item["answers"].values(), "{}. "), "fr", domain="medicine")


def onet(tree):
    """Thai school and investment examinations with options; read."""
    for path in tree.paths("exams"):
        if re.search(r"/(04|09|10|11|14|15|16)_", path):
            for item in tree.table(path):
                if item["isAnswerable"].upper() == "TRUE":
                    yield printed(f"{item['instruction']}\n{item['input']}".replace("\\n", "\n"), "th")


def enem(tree):
    """The Brazilian university entrance examination of 2024, questions without pictures; read."""
    for item in tree.lines("data/enem/2024.jsonl"):
        if not item["IU"] and not item["figures"] and item["label"] != "Anulado":
            yield printed(choices(item["question"].replace("## ", ""), item["alternatives"]), "pt")


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


def lexam(tree):
    """Law examinations of a Swiss university, German and English, open questions; read."""
    for item in sheet(tree.content("data/open_questions_dev.xlsx")):
        yield printed(item["question"], item["language"], domain="law")


SOURCES = [
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
        licence="Apache-2.0",
        how="French pharmacy examinations, labelled by reading",
        rows=french_pharmacy,
    ),
    Source(
        name="thai_exams",
        repository="OpenThaiGPT/openthaigpt_eval",
        commit="715e8730a9e4f233b3e80ba38ce5ee7dc319b363",
        licence="Apache-2.0",
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
        licence="CC BY 4.0 (data), Apache-2.0 (code)",
        how="law examinations in German and English, labelled by reading",
        rows=lexam,
        held_out=True,
    ),
]
