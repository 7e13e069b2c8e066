"""Single requests to the assistants of houses, phones and apps, which are impossible without acting (agent)."""

import re

from collect.rows import label_of, single
from collect.source import Source

ASSISTANT_LANGUAGES = {"de-CH": "de", "pt-br": "pt", "sr-Latn": "sr", "zh-cn": "zh", "zh-hk": "zh", "zh-tw": "zh"}
"""Folders of Home Assistant that are not named by a bare language."""

FILES_OF_A_LANGUAGE = 24


def home_assistant(tree):
    """One tested sentence of each intent's file: a file's sentences are variants of each other."""
    taken = {}
    for path in tree.paths("tests"):
        folder, name = path.split("/")[1:3] if path.count("/") == 2 else ("", "")
        if not folder or name.startswith("_") or not name.endswith(".yaml"):
            continue
        sentences = re.findall(r"^ +- sentences:\n +- [\"']?(.+?)[\"']? *$", tree.text(path), flags=re.M)
        taken[folder] = taken.get(folder, 0) + bool(sentences)
        if not sentences or taken[folder] > FILES_OF_A_LANGUAGE:
            continue
        label = "simple" if "HassNevermind" in name or "HassRespond" in name else "agent"
        text = sentences[len(sentences) // 2].split(" # ")[0]
        yield single(text, ASSISTANT_LANGUAGES.get(folder, folder), label, domain="smart home")


XSID_LANGUAGES = {"ar": "ar", "da": "da", "de": "de", "de-ba": "de", "de-st": "de", "gsw": "de", "id": "id", "it": "it"}
XSID_LANGUAGES |= {"ja": "ja", "kk": "kk", "lt": "lt", "nap": "it", "nl": "nl", "sr": "sr", "tr": "tr", "zh": "zh"}


def xsid(tree):
    """Each language gives another share of the requests, so that none is here twice in translation."""
    for at, (name, language) in enumerate(XSID_LANGUAGES.items()):
        for part in ("valid", "test"):
            said = re.findall(r"^# text = (.+)$", tree.text(f"data/xSID-0.6/{name}.{part}.conll"), flags=re.M)
            for text in said[at :: len(XSID_LANGUAGES)]:
                yield single(text, language, "agent", domain="assistant")


LEON = {
    "simple": "good_bye greeting introduction age color welcome partner_assistant help",
    "agent": "github_trends product_hunt_trends todo_list date_time have_i_been_pwned is_it_down speed_test",
}


def leon(tree):
    """Sample utterances of an assistant's skills, those that have no holes to fill and stand alone."""
    known = label_of(LEON)
    for path in tree.paths("skills"):
        found = re.fullmatch(r"skills/\w+/(\w+)/config/(en|fr)\.json", path)
        if found and found[1] in known:
            for action in tree.json(path)["actions"].values():
                for text in action.get("utterance_samples", []):
                    if not re.search(r"^..?$|[{}@%|\[\]()]|^Why|^Delete it|^Supprime la$|hexa", text):
                        yield single(text, found[2], known[found[1]], domain="assistant")


def spa_bench(tree):
    """What is to be done on a phone, in one app or several, written in English and Chinese by different people."""
    for name, language in (("ENG", "en"), ("CHN", "zh")):
        for part in ("single-app", "cross-app"):
            for number, row in enumerate(tree.table(f"data/{part}-{name}.csv")):
                # A task in one app comes in three lengths: one of the two longer ones is taken.
                if row["task_app"] != "calculator" and (part == "cross-app" or number % 3 == 1 + number // 3 % 2):
                    text = row["task_description"].strip()
                    yield single(text, language, "agent", domain="apps")


SOURCES = [
    Source(
        name="home_assistant",
        repository="home-assistant/intents",
        commit="aa550032a57b67c13995c032220bc4101521ead2",
        licence="CC BY 4.0",
        how="by intent: commands and questions on the house → agent; greetings and 'never mind' → simple",
        rows=home_assistant,
    ),
    Source(
        name="xsid",
        repository="mainlp/xsid",
        commit="761d926c3f2e9f6bea13192d2f39cec1d04d9777",
        licence="CC BY-SA 4.0",
        how="whole source → agent",
        rows=xsid,
    ),
    Source(
        name="leon",
        repository="leon-ai/leon",
        commit="84b84453a77d3d557e826f511e4d6e38e22b2313",
        licence="MIT",
        how="by skill: actions and fresh facts → agent, small talk → simple; read over",
        rows=leon,
        held_out=True,
    ),
    Source(
        name="spa_bench",
        repository="ai-agents-2030/SPA-Bench",
        commit="bc932bf7a90489d21e46c2019c11d16a8e16feaa",
        licence="MIT",
        how="whole source → agent; read over",
        rows=spa_bench,
        held_out=True,
    ),
]
