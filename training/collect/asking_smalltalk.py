"""Small talk with an assistant: greetings, moods, and questions on itself that it answers in a line."""

import re

from collect.formats import rasa
from collect.rows import LANGUAGES, single
from collect.source import Source

# Despair wants more than a line.
DESPAIR = re.compile(
    r"suicid|kill myself|overdose|umbringen|sterben|自杀|结束自己的生命|mourir|morir|ucciderm", re.IGNORECASE
)


def ms_chitchat(tree):
    """Small talk in six languages, two phrasings of each thing said."""
    folder = "templates/csharp/VA/VA/Deployment/Resources/QnA"
    for locale in ("de-de", "en-us", "es-es", "fr-fr", "it-it", "zh-cn"):
        for section in tree.text(f"{folder}/{locale}/Chitchat.qna").split("## ?")[1:]:
            asked = section.split("**Filters")[0]
            if not DESPAIR.search(asked):
                for line in asked.strip().splitlines()[:2]:
                    yield single(line.strip("- ").strip(), locale[:2], "simple")


# Programming and computer trouble is another specialist's; proverbs and humour are no requests.
NOT_ASKED = ("coding", "tech_support", "humor", "proverbs", "linguistic_knowledge", "compliment", "suggestions")


def chatterbot(tree):
    """What opens the short conversations that volunteers wrote for a chat bot, seven of each topic and language."""
    for path in tree.paths("chatterbot_corpus/data"):
        language, topic = path.split("/")[2:4]
        if language not in LANGUAGES or topic.split(".")[0] in NOT_ASKED:
            continue
        chats = re.findall(r"^ *- - (.+)\n *- ", tree.text(path), re.MULTILINE)
        for opening in list(dict.fromkeys(chats))[:7]:
            text, lang = opening.strip("\"' "), LANGUAGES[language]
            bare_topic = " " not in text and not topic.startswith("greeting") and lang not in ("zh", "ja", "ko", "th")
            if len(text) < 120 and not bare_topic:
                yield single(text, lang, "simple")


def nlpjs(tree):
    """Small talk and questions on an app in six languages, three phrasings of each; no questions on programming."""
    for lang in ("en", "es", "fr", "he", "id", "it"):
        for intent in tree.json(f"examples/13-languages/corpora/corpus-{lang}.json")["data"]:
            if intent.get("intent", "").startswith(("support.", "smalltalk.")):
                for phrase in intent["utterances"][:3]:
                    yield single(phrase, lang, "simple")


ROBOAI_LEFT_OUT = re.compile(
    r"^start|cc_(story|philosophical|politics|religion|drugs|senselife|skyblue|weather|rhyme|prophesy)"
    r"|cc_(newspaper|make_|afterlife)|ccw_|features_(date|time|handover)|robo_handover|_advantages|_random"
    r"|comment_(racist|offense|hot)|_sexual|_hate"
    r"|bot_differences|demo_|robo_registration|user_particles|vocative_(yes|no)$"
)


def roboai(tree):
    """Questions on a company and its product, and small talk, in English and German; lone words are left out."""
    for lang in ("de", "en"):
        for intent, phrase in rasa(tree.text(f"bot/languages/{lang}/data/nlu.md")):
            if ROBOAI_LEFT_OUT.search(intent) or re.match("I want|Ich (möchte|will)", phrase):
                continue
            if " " in phrase:
                yield single(phrase, lang, "simple")


def threei4k(tree):
    """Korean questions and commands as they are said to a speaker or to a friend."""
    for line in tree.text("data/train_val_test/fci_test.txt").splitlines():
        kind, _, text = line.partition("\t")
        if kind in ("2", "3"):
            yield single(text.strip(), "ko")


def songys(tree):
    """What Koreans say to a friendly bot: moods, small talk, small questions."""
    for row in tree.table("ChatbotData.csv"):
        yield single(row["Q"], "ko")


SOURCES = [
    Source(
        name="ms_chitchat",
        repository="microsoft/botframework-solutions",
        commit="08ad18f11250dc2f301dd33a27672184ea9624c4",
        licence="MIT",
        how="whole source: small talk with an assistant → simple",
        rows=ms_chitchat,
    ),
    Source(
        name="chatterbot",
        repository="gunthercox/chatterbot-corpus",
        commit="a01efece26661309b870af0251d96f94ee09fb19",
        licence="BSD-3-Clause",
        how="openings of short chats on everyday topics and facts → simple; programming, support and humour left out",
        rows=chatterbot,
    ),
    Source(
        name="nlpjs",
        repository="axa-group/nlp.js",
        commit="62731109b5dc5d9ed727c6e599443fb29eaea798",
        licence="MIT",
        how="small talk and questions on an app → simple",
        rows=nlpjs,
    ),
    Source(
        name="roboai",
        repository="robo-ai/roboai-demo-faq-chatbot",
        commit="4b3550732fe305c5c1ff3a759c925d26ffc86076",
        licence="MIT",
        how="by intent: questions on the company and small talk → simple; the rest left out",
        rows=roboai,
    ),
    Source(
        name="threei4k",
        repository="warnikchow/3i4k",
        commit="cfa90c15f808becafca2d8ef8649b8b71f6bbe71",
        licence="CC BY-SA 4.0",
        how="labelled by reading",
        rows=threei4k,
    ),
    Source(
        name="songys",
        repository="songys/Chatbot_data",
        commit="4cf20d13fc46f5037fd1c531cd566e2dd9f72974",
        licence="MIT",
        how="labelled by reading",
        rows=songys,
    ),
]
