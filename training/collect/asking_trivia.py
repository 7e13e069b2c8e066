"""Questions of quizzes, encyclopaedias and reading tests. They have one short answer each: `simple`."""

import re
from xml.etree import ElementTree

from collect.formats import quoted
from collect.rows import choices, single
from collect.source import Source


def spurningar(tree):
    """Questions that Icelanders typed in for a voice assistant to answer."""
    for line in tree.text("data_spurning-is/spuringar-is.csv").splitlines():
        if line.endswith("?") and "…" not in line:
            yield single(line.strip(), "is")


def rubq(tree):
    """Questions of Russian quizzes that one fact of Wikidata answers."""
    for part in ("dev", "test"):
        for question in tree.json(f"RuBQ_1.0/RuBQ_1.0_{part}.json"):
            if question["tags"] == ["1-hop"]:
                yield single(question["question_text"], "ru", "simple")


def niilc(tree):
    """Questions of Japanese users on things in the encyclopaedia; those for a reason or a way are left out."""
    for part in ("dev", "test"):
        for question in ElementTree.fromstring(tree.text(f"data/NIILC-ECQA2015_{part}.xml")):
            text = question.findtext("text")
            if text and not re.search("なぜ|どうして|どうやって|どのように|理由", text):
                yield single(text, "ja", "simple")


def open_trivia(tree):
    """Multiple choice from a quiz game, printed as a quiz prints it."""
    for topic in ("animals", "for-kids", "geography", "history", "literature", "science-technology", "world"):
        for block in tree.text(f"categories/{topic}").split("\n\n"):
            lines = [line.strip() for line in block.strip().splitlines()]
            if len(lines) > 3 and lines[0].startswith("#Q "):
                options = [line[2:] for line in lines[1:] if re.match("[A-D] ", line)]
                yield single(choices(lines[0][3:], options), "en", "simple")


AFRICAN = {
    "bem": "bem", "fon": "fon", "hau": "ha", "ibo": "ig", "kin": "rw", "swa": "sw", "twi": "tw", "wol": "wo",
    "yor": "yo", "zul": "zu",
}  # fmt: skip


def afriqa(tree):
    """Questions of speakers of ten African languages, 40 of each."""
    for path in tree.paths("data/queries"):
        code = path.split("/")[2]
        if ".dev." in path and code in AFRICAN:
            for question in list(tree.lines(path))[:40]:
                yield single(question["question"], AFRICAN[code], "simple")


def qald(tree):
    """Questions to a knowledge base, put by native speakers of nine languages; those for whole lists are left out."""
    for question in tree.json("data/qald_9_plus_test_dbpedia.json")["questions"]:
        answers = question["answers"][0].get("results", {}).get("bindings", [None])
        if len(answers) <= 2:
            wordings = {wording["language"]: wording["string"] for wording in question["question"]}
            for lang, text in wordings.items():
                yield single(text, lang, "simple")


def squad(path, lang):
    """A reader of the questions of a reading test, at most two a paragraph."""

    def rows(tree):
        for article in tree.json(path)["data"]:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"][:2]:
                    if not question["question"].startswith(" -"):
                        yield single(question["question"].strip(), lang, "simple")

    return rows


def iapp_thai(tree):
    """The first two questions on each article of a Thai reading test."""
    for row in tree.lines("squad_format/data/test.jsonl"):
        if row["question_id"].endswith(("_000", "_001")):
            yield single(row["question"], "th", "simple")


def facqa(tree):
    """Questions on Indonesian news and places, put together again from their words."""
    for row in tree.table("dataset/facqa_qa-factoid-itb/train_preprocess.csv"):
        text = re.sub(r" ([?,.)])", r"\1", " ".join(quoted(row["question"])))
        yield single(text.replace(" - ", "-").replace("( ", "("), "id", "simple")


SOURCES = [
    Source(
        name="rubq",
        repository="vladislavneon/RuBQ",
        commit="fade3eae6a4807c35b19cfce20dfa805fc8c0cdf",
        licence="CC BY-SA 4.0",
        how="quiz questions of one fact → simple",
        rows=rubq,
    ),
    Source(
        name="niilc",
        repository="mynlp/niilc-qa",
        commit="b6d47968b2e301a5e953fb1922a08ed56099646b",
        licence="CC BY-SA 4.0",
        how="questions of one fact → simple; questions for reasons and ways left out",
        rows=niilc,
    ),
    Source(
        name="open_trivia",
        repository="uberspot/OpenTriviaQA",
        commit="dd31530bfbb19f9505b160b89c9df4b1127e3c70",
        licence="CC BY-SA 4.0",
        how="multiple-choice quiz → simple",
        rows=open_trivia,
    ),
    Source(
        name="afriqa",
        repository="masakhane-io/afriqa",
        commit="5c29933753692c28773c34ac1f68482007f1d2bb",
        licence="CC BY 4.0",
        how="questions of one fact → simple",
        rows=afriqa,
    ),
    Source(
        name="qald",
        repository="Perevalov/qald_9_plus",
        commit="8eb038a61e1bc09cbd21640aa667a1714f53cda4",
        licence="CC BY 4.0",
        how="questions of one fact → simple; questions for lists left out",
        rows=qald,
    ),
    Source(
        name="arcd",
        repository="husseinmozannar/SOQAL",
        commit="1229d34aa2b7a0b9a2e4858c9268e68f45d7e3c4",
        licence="MIT",
        how="questions of one fact on encyclopaedia articles → simple",
        rows=squad("data/arcd-train.json", "ar"),
    ),
    Source(
        name="iapp_thai",
        repository="iapp-technology/iapp-wiki-qa-dataset",
        commit="644a29c59bac62d5b15b9e9b06c55bba00708eca",
        licence="MIT",
        how="questions of one fact on encyclopaedia articles → simple",
        rows=iapp_thai,
    ),
    Source(
        name="facqa",
        repository="IndoNLP/indonlu",
        commit="ce728f6926a36174b9923dfe49d6a6839b6e9bb7",
        licence="Apache-2.0",
        how="questions of one fact → simple",
        rows=facqa,
    ),
    Source(
        name="spurningar",
        repository="cadia-lvl/is-trivia-questions",
        commit="336086a7ff0d8d3b502147ab8d21d104d693879c",
        licence="CC BY 4.0",
        how="labelled by reading",
        rows=spurningar,
        held_out=True,
    ),
]
