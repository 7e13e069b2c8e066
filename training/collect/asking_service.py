"""What customers and citizens ask an assistant: on the service (simple), or on an account of their own (agent).

Most are the training phrases of published assistants: their intents say what a phrase asks for, so a table of
intents labels them.
"""

import re

from collect.formats import rasa
from collect.rows import by_intent, single
from collect.source import Source


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
                    yield single(row["text"], "en", label, domain=path.split("/")[2])


WEB_APPLICATIONS = {
    "simple": ("Delete Account", "Change Password", "Download Video", "Export Data", "Sync Accounts"),
    "general": ("Find Alternative", "Software Recommendation"),
}

HOW_TO = re.compile(r"how (do|can|to)|is it possible", re.IGNORECASE)


def tum(tree):
    """Questions to a Munich transport bot (agent) and to two question-and-answer sites (how-tos, recommendations)."""
    for sentence in tree.json("ChatbotCorpus.json")["sentences"]:
        yield single(sentence["text"], "en", "agent")
    for corpus in ("AskUbuntuCorpus", "WebApplicationsCorpus"):
        for sentence in tree.json(f"{corpus}.json")["sentences"]:
            text, intent = sentence["text"], sentence["intent"]
            if intent in WEB_APPLICATIONS["general"]:
                yield single(text, "en", "general")
            elif intent in WEB_APPLICATIONS["simple"] and HOW_TO.match(text):
                yield single(text, "en", "simple")


def watson_banking(tree):
    """What a bank's customers say to its assistant."""
    for intent in tree.json("data/conversation/workspaces/full_banking.json")["intents"]:
        for example in intent["examples"]:
            yield single(example["text"], "en")


SOURCES = [
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
        name="watson_banking",
        repository="IBM/watson-banking-chatbot",
        commit="4b2cdf968ffd795933b90bb8e6bd90674d782080",
        licence="Apache-2.0",
        how="labelled by reading",
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
]
