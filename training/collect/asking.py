"""What people ask a front desk: FAQs and policies, small talk, quiz questions, requests about an account of their own.

Most sources are the training phrases of published assistants; their intents say what a phrase asks for, so a table of
intents labels them. Questions of quizzes and encyclopaedias have one short answer each: `simple`.
"""

import re
import xml.etree.ElementTree as xml

from collect.source import Source

ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


def plain(phrase):
    """A training phrase without the marks of its entities: "[Oslo](city)" is "Oslo"."""
    return " ".join(ENTITY.sub(r"\1", phrase).split())


def rasa(text):
    """(intent, phrase) of a Rasa training file, in its Markdown or its YAML form."""
    intent = None
    for line in text.splitlines():
        heading = re.match(r"\s*-? ?(##|-)? ?(\w+) ?: ?(\S+)", line)
        if heading and heading[2] in ("intent", "regex", "synonym", "lookup"):
            intent = heading[3] if heading[2] == "intent" else None
        elif intent and (phrase := re.match(r"\s*- (.+)", line)):
            yield intent, plain(phrase[1])


def by_intent(phrases, labels, lang):
    """Rows of the intents that a table {label: "intent intent ..."} names; the other intents are left out."""
    label_of = {intent: label for label, intents in labels.items() for intent in intents.split()}
    for intent, phrase in phrases:
        if intent in label_of:
            yield {"text": phrase, "lang": lang, "label": label_of[intent]}


def rasa_file(path, labels, lang="en"):
    """A reader of one Rasa training file."""
    return lambda tree: by_intent(rasa(tree.text(path)), labels, lang)


def rasa_contributed(tree):
    """Phrases that users of Rasa gave for others to train on."""
    labels = {
        "simple": "greet_smalltalk goodbyes_smalltalk mood_happy mood_unhappy greet goodbye thanks mood_great",
        "agent": "locate_car_dealer locate_restaurant table_reservation show_my_order_status",
    }
    for path in tree.paths():
        if path.endswith("nlu.yml"):
            yield from by_intent(rasa(tree.text(path)), labels, "en")


# Despair wants more than a line.
DESPAIR = re.compile(r"suicid|kill myself|overdose|umbringen|sterben|自杀|结束自己的生命|mourir|morir|ucciderm", re.IGNORECASE)


def ms_chitchat(tree):
    """Small talk in six languages, two phrasings of each thing said."""
    folder = "templates/csharp/VA/VA/Deployment/Resources/QnA"
    for locale in ("de-de", "en-us", "es-es", "fr-fr", "it-it", "zh-cn"):
        for section in tree.text(f"{folder}/{locale}/Chitchat.qna").split("## ?")[1:]:
            asked = section.split("**Filters")[0]
            if not DESPAIR.search(asked):
                for line in asked.strip().splitlines()[:2]:
                    yield {"text": line.strip("- ").strip(), "lang": locale[:2], "label": "simple"}


CHATTERBOT = {
    "bengali": "bn", "chinese": "zh", "dutch": "nl", "english": "en", "french": "fr", "german": "de", "hebrew": "he",
    "hindi": "hi", "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko", "marathi": "mr",
    "persian": "fa", "portuguese": "pt", "russian": "ru", "spanish": "es", "swedish": "sv", "tamil": "ta", "telugu": "te",
    "thai": "th", "traditionalchinese": "zh", "turkish": "tr", "ukrainian": "uk", "urdu": "ur", "yoruba": "yo",
}  # fmt: skip
# Programming and computer trouble is another specialist's; proverbs and humour are no requests.
NOT_ASKED = ("coding", "tech_support", "humor", "proverbs", "linguistic_knowledge", "compliment", "suggestions")


def chatterbot(tree):
    """What opens the short conversations that volunteers wrote for a chat bot, seven of each topic and language."""
    for path in tree.paths("chatterbot_corpus/data"):
        language, topic = path.split("/")[2:4]
        if language not in CHATTERBOT or topic.split(".")[0] in NOT_ASKED:
            continue
        chats = re.findall(r"^ *- - (.+)\n *- ", tree.text(path), re.MULTILINE)
        for opening in list(dict.fromkeys(chats))[:7]:
            text, lang = opening.strip("\"' "), CHATTERBOT[language]
            bare_topic = " " not in text and not topic.startswith("greeting") and lang not in ("zh", "ja", "ko", "th")
            if len(text) < 120 and not bare_topic:
                yield {"text": text, "lang": lang, "label": "simple"}


def nlpjs(tree):
    """Small talk and questions on an app in six languages, three phrasings of each; no questions on programming."""
    for lang in ("en", "es", "fr", "he", "id", "it"):
        for intent in tree.json(f"examples/13-languages/corpora/corpus-{lang}.json")["data"]:
            if intent.get("intent", "").startswith(("support.", "smalltalk.")):
                for phrase in intent["utterances"][:3]:
                    yield {"text": phrase, "lang": lang, "label": "simple"}


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
                yield {"text": phrase, "lang": lang, "label": "simple"}


BUEROKRATT = {
    "simple": "common_tervitus common_hüvasti_jätmine common_tänamine common_service_motor_vehicle_tax",
    "agent": "common_teenus_nordpool common_teenus_nordpool2 common_teenus_ilm common_service_nba_results "
    "common_service_exchange_rate common_service_unemployment_rate common_teenus_rk_hääletus "
    "common_teenus_citizien_initiative common_teenus_citizien_initiative_popular common_service_companies_beneficiaries "
    "common_service_companies_contactdetails common_service_companies_employees common_service_companies_national_taxes "
    "common_service_companies_related_persons common_service_companies_revenue common_service_companies_workforce_taxes",
}
STAND_IN = re.compile(r"0000|MONTH0|asukoha nimi|Kellegi")
OWN_CAR = re.compile(r"\b(minu|oma|ma|mul|mulle|reg|registreerimis\w*|numbrim\w*|kalkulaator)\b", re.IGNORECASE)


def buerokratt(tree):
    """The assistant of the Estonian state: registers, prices and weather are looked up, rules of a tax are not."""
    for path in tree.paths("DSL/DMapper/training/locations/data/nlu"):
        for row in by_intent(rasa(tree.text(path)), BUEROKRATT, "et"):
            looked_up = row["label"] == "agent"
            # A lone word may ask for a meaning or for a figure; the tax on one's own car is a lookup and no rule.
            unclear = OWN_CAR.search(row["text"]) or (looked_up and " " not in row["text"])
            if not unclear and not STAND_IN.search(row["text"]):
                yield row


BITCOIN_FAQ = {
    "simple": "whatisbitcoin creator whocontrols used acquire virtual anonymous islegal fee poweredoff whatismining "
    "miningstart morehelp",
    "general": "howitworks advantages disadvantages trust scale whyvalue earlyadopter deflationaryspiral bubble "
    "miningwaste speculationvolatility buyall bettercurrency howminingworks miningsecure finitelimitation consumer",
}
BITCOIN_LOCALES = {"zh_CN": "zh", "zh_TW": "zh", "pt_BR": "pt"}


def bitcoin_faq(tree):
    """The questions of one FAQ in its translations: facts in a line are simple, explanations and judgements general."""
    label_of = {key: label for label, keys in BITCOIN_FAQ.items() for key in keys.split()}
    for path in tree.paths("_translations"):
        locale = path.split("/")[-1].removesuffix(".yml")
        section = re.split(r"^  faq:$", tree.text(path), flags=re.MULTILINE)[-1]
        section = re.split(r"^  \w+:", section, flags=re.MULTILINE)[0]
        for key, question in re.findall(r'^    (\w+): "(.+)"$', section, re.MULTILINE):
            if key in label_of:
                text = question.replace('\\"', '"')
                yield {"text": text, "lang": BITCOIN_LOCALES.get(locale, locale), "label": label_of[key]}


def spurningar(tree):
    """Questions that Icelanders typed in for a voice assistant to answer."""
    for line in tree.text("data_spurning-is/spuringar-is.csv").splitlines():
        if line.endswith("?") and "…" not in line:
            yield {"text": line.strip(), "lang": "is"}


def rubq(tree):
    """Questions of Russian quizzes that one fact of Wikidata answers."""
    for part in ("dev", "test"):
        for question in tree.json(f"RuBQ_1.0/RuBQ_1.0_{part}.json"):
            if question["tags"] == ["1-hop"]:
                yield {"text": question["question_text"], "lang": "ru", "label": "simple"}


def niilc(tree):
    """Questions of Japanese users on things in the encyclopaedia; those for a reason or a way are left out."""
    for part in ("dev", "test"):
        for question in xml.fromstring(tree.text(f"data/NIILC-ECQA2015_{part}.xml")):
            text = question.findtext("text")
            if text and not re.search("なぜ|どうして|どうやって|どのように|理由", text):
                yield {"text": text, "lang": "ja", "label": "simple"}


def open_trivia(tree):
    """Multiple choice from a quiz game, printed as a quiz prints it."""
    for topic in ("animals", "for-kids", "geography", "history", "literature", "science-technology", "world"):
        for block in tree.text(f"categories/{topic}").split("\n\n"):
            lines = [line.strip() for line in block.strip().splitlines()]
            if len(lines) > 3 and lines[0].startswith("#Q "):
                options = [f"{line[0]}) {line[2:]}" for line in lines[1:] if re.match("[A-D] ", line)]
                yield {"text": "\n".join([lines[0][3:], *options]), "lang": "en", "label": "simple"}


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
                yield {"text": question["question"], "lang": AFRICAN[code], "label": "simple"}


def qald(tree):
    """Questions to a knowledge base, put by native speakers of nine languages; those for whole lists are left out."""
    for question in tree.json("data/qald_9_plus_test_dbpedia.json")["questions"]:
        answers = question["answers"][0].get("results", {}).get("bindings", [None])
        if len(answers) <= 2:
            wordings = {wording["language"]: wording["string"] for wording in question["question"]}
            for lang, text in wordings.items():
                yield {"text": text, "lang": lang, "label": "simple"}


def squad(path, lang):
    """A reader of the questions of a reading test, at most two a paragraph."""

    def rows(tree):
        for article in tree.json(path)["data"]:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"][:2]:
                    if not question["question"].startswith(" -"):
                        yield {"text": question["question"].strip(), "lang": lang, "label": "simple"}

    return rows


def iapp_thai(tree):
    """The first two questions on each article of a Thai reading test."""
    for row in tree.lines("squad_format/data/test.jsonl"):
        if row["question_id"].endswith(("_000", "_001")):
            yield {"text": row["question"], "lang": "th", "label": "simple"}


def facqa(tree):
    """Questions on Indonesian news and places, put together again from their words."""
    for row in tree.table("dataset/facqa_qa-factoid-itb/train_preprocess.csv"):
        words = re.findall(r"'((?:[^'\\]|\\.)*)'|\"([^\"]*)\"", row["question"])
        text = re.sub(r" ([?,.)])", r"\1", " ".join(a or b for a, b in words))
        yield {"text": text.replace(" - ", "-").replace("( ", "("), "lang": "id", "label": "simple"}


OFFERED = set(
    "gym spa pets parking wifi swimming_pool restaurant room_ammenities fees_interests international contactless".split()
)


def nlupp_label(text, intents):
    """Acts on one's own booking or account are for an agent; what is offered to all, and how it is done, is simple."""
    acts = {"make_open_apply_setup_get_activate", "cancel_close_leave_freeze", "change"}
    trouble = {"wrong_notworking_notshowing", "lost_stolen", "refund"}
    asks = {"request_info", "how", "how_long", "how_much", "when"}
    own = re.search(r"\b(my|mine|i've|i have|i was|i am|i'm|did i|have i|i (spent|paid|sent|made))\b", text.lower())
    words = len(text.split())
    if intents and intents <= {"greet", "thank", "end_call", "acknowledge"}:
        return "simple" if words < 9 and not re.search(r"\d", text) else None
    if intents & {"affirm", "deny", "dont_know", "handoff", "why", "repeat"} or words < 5:
        return None
    if intents & asks:
        if intents & {"transfer_payment_deposit", "balance"} and own:
            return "agent"
        if own or intents & trouble:
            return None
        return "simple" if "how" in intents or (intents & OFFERED and not intents & acts) else None
    return "agent" if intents & (acts | trouble) and len(intents) > 1 else None


def nlupp(tree):
    """What callers say to the assistants of a bank and of a hotel."""
    for path in tree.paths("nlupp/data"):
        if "/fold" in path:
            for row in tree.json(path):
                if label := nlupp_label(row["text"], set(row.get("intents") or [])):
                    yield {"text": row["text"], "lang": "en", "label": label, "domain": path.split("/")[2]}


WEB_APPLICATIONS = {
    "simple": ("Delete Account", "Change Password", "Download Video", "Export Data", "Sync Accounts"),
    "general": ("Find Alternative", "Software Recommendation"),
}
HOW_TO = re.compile(r"how (do|can|to)|is it possible", re.IGNORECASE)


def tum(tree):
    """Questions to a Munich transport bot (agent) and to two question-and-answer sites (how-tos, recommendations)."""
    for sentence in tree.json("ChatbotCorpus.json")["sentences"]:
        yield {"text": sentence["text"], "lang": "en", "label": "agent"}
    for corpus in ("AskUbuntuCorpus", "WebApplicationsCorpus"):
        for sentence in tree.json(f"{corpus}.json")["sentences"]:
            text, intent = sentence["text"], sentence["intent"]
            if intent in WEB_APPLICATIONS["general"]:
                yield {"text": text, "lang": "en", "label": "general"}
            elif intent in WEB_APPLICATIONS["simple"] and HOW_TO.match(text):
                yield {"text": text, "lang": "en", "label": "simple"}


def organic_maps(tree):
    """The questions and troubles that the FAQ of a map app answers, in its translations."""
    for path in tree.paths("content/faq"):
        found = re.match(r"content/faq/\w+/[\w-]+/index(?:\.([a-z]{2})[\w-]*)?\.md", path)
        title = found and re.search(r"^title: (.+)$", tree.text(path), re.MULTILINE)
        if title:
            yield {"text": title[1].strip("\"' "), "lang": found[1] or "en", "label": "simple"}


def titled_questions(folder):
    """The titles of help pages that are questions, without those for a reason."""

    def rows(tree):
        for path in tree.paths(folder):
            title = path.endswith(".md") and re.search(r"^title: (.+\?)\W*$", tree.text(path), re.MULTILINE)
            if title and not re.match(r"\W*why", title[1], re.IGNORECASE):
                yield {"text": title[1].strip("\"' "), "lang": "en", "label": "simple"}

    return rows


def threei4k(tree):
    """Korean questions and commands as they are said to a speaker or to a friend."""
    for line in tree.text("data/train_val_test/fci_test.txt").splitlines():
        kind, _, text = line.partition("\t")
        if kind in ("2", "3"):
            yield {"text": text.strip(), "lang": "ko"}


def songys(tree):
    """What Koreans say to a friendly bot: moods, small talk, small questions."""
    for row in tree.table("ChatbotData.csv"):
        yield {"text": row["Q"], "lang": "ko"}


def watson_banking(tree):
    """What a bank's customers say to its assistant."""
    for intent in tree.json("data/conversation/workspaces/full_banking.json")["intents"]:
        for example in intent["examples"]:
            yield {"text": example["text"], "lang": "en"}


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
        name="rasa_helpdesk",
        repository="RasaHQ/helpdesk-assistant",
        commit="2e9f2258c6648488bd02af86ea2803de5a9fde04",
        licence="Apache-2.0",
        how="by intent: greetings and small talk → simple, tickets and their status → agent",
        rows=rasa_file(
            "data/nlu.yml",
            {"simple": "greet goodbye thank bot_challenge check_human", "agent": "open_incident incident_status"},
        ),
    ),
    Source(
        name="rasa_financial",
        repository="RasaHQ/financial-demo",
        commit="7627cebef1571d55855b886cf4ac20459af9566c",
        licence="Apache-2.0",
        how="by intent: greetings and fees → simple, one's own account → agent",
        rows=rasa_file(
            "data/nlu/nlu.yml",
            {
                "simple": "greet goodbye thankyou check_human ask_transfer_charge",
                "agent": "check_balance check_earnings pay_cc search_transactions transfer_money check_recipients",
            },
        ),
    ),
    Source(
        name="rasa_contributed",
        repository="RasaHQ/NLU-training-data",
        commit="adf95065e808be76f51ce2c39b9f564cde5a77ae",
        licence="Apache-2.0",
        how="by intent: greetings and moods → simple, places nearby, reservations and own orders → agent",
        rows=rasa_contributed,
    ),
    Source(
        name="nlupp",
        repository="PolyAI-LDN/task-specific-datasets",
        commit="57ec275d8078af65b7731c2a98be812d844a6d6b",
        licence="CC BY 4.0",
        how="by intents: acts on and trouble with one's own account or booking → agent; how-tos and offers → simple",
        rows=nlupp,
    ),
    Source(
        name="organic_maps",
        repository="organicmaps/organicmaps.github.io",
        commit="67d0363e1892f6c5b5de7b0c9789cf7dc69561b3",
        licence="Apache-2.0",
        how="whole source: FAQ on the use of an app → simple",
        rows=organic_maps,
    ),
    Source(
        name="duckduckgo_help",
        repository="duckduckgo/duckduckgo-help-pages",
        commit="5e11a4669099c53b55ed1640b642513d783523c2",
        licence="MIT",
        how="titles of help pages that are questions → simple; questions for a reason left out",
        rows=titled_questions("_docs"),
    ),
    Source(
        name="arduino_help",
        repository="arduino/help-center-content",
        commit="ba74efc775755dc886d8d759d4d8f78a8012b954",
        licence="CC BY-SA 4.0",
        how="titles of help pages that are questions → simple; questions for a reason left out",
        rows=titled_questions("content"),
    ),
    Source(
        name="threei4k",
        repository="warnikchow/3i4k",
        commit="cfa90c15f808becafca2d8ef8649b8b71f6bbe71",
        licence="CC BY-SA 4.0",
        how="by reading",
        rows=threei4k,
    ),
    Source(
        name="songys",
        repository="songys/Chatbot_data",
        commit="4cf20d13fc46f5037fd1c531cd566e2dd9f72974",
        licence="MIT",
        how="by reading",
        rows=songys,
    ),
    Source(
        name="watson_banking",
        repository="IBM/watson-banking-chatbot",
        commit="4b2cdf968ffd795933b90bb8e6bd90674d782080",
        licence="Apache-2.0",
        how="by reading",
        rows=watson_banking,
        held_out=True,
    ),
    Source(
        name="tum",
        repository="sebischair/NLU-Evaluation-Corpora",
        commit="9bac08b980f0f570c4166e2d7243c2971df50d8f",
        licence="CC BY-SA 3.0",
        how="by intent: transport connections → agent, how-tos on accounts → simple, recommendations → general",
        rows=tum,
        held_out=True,
    ),
    Source(
        name="buerokratt",
        repository="buerokratt/Training-Module",
        commit="35ee951d64e762d6106fbffcbe655a1252f1cc1b",
        licence="MIT",
        how="by intent, every phrase read: greetings, tax rules → simple; registers, prices, weather → agent",
        rows=buerokratt,
        held_out=True,
    ),
    Source(
        name="spurningar",
        repository="cadia-lvl/is-trivia-questions",
        commit="336086a7ff0d8d3b502147ab8d21d104d693879c",
        licence="CC BY 4.0",
        how="by reading",
        rows=spurningar,
        held_out=True,
    ),
    Source(
        name="bitcoin_faq",
        repository="bitcoin-dot-org/bitcoin.org",
        commit="39779fb9594d4bd941c2baecb3d64b292a76f8f5",
        licence="MIT",
        how="by question, each read once: facts → simple, explanations and judgements → general",
        rows=bitcoin_faq,
        held_out=True,
    ),
]
