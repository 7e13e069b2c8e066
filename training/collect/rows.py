"""How a row is put together: of a single turn, of a conversation, of a question with options, of a table of intents.

One place, so that rows of all sources look alike and nothing but what they say tells sources apart.
"""

from collect.cleaning import tidied

LONGEST = 6_000
"""Characters that the turns of a row have together; longer ones, mostly pasted pages, are not learnt from."""
PEOPLE = {"user", "usr", "prompter", "driver"}
"""What sources call the one who asks; everybody else is the assistant."""
LANGUAGES = {
    "albanian": "sq", "arabic": "ar", "assamese": "as", "bengali": "bn", "chinese": "zh", "dutch": "nl", "english": "en",
    "french": "fr", "german": "de", "hebrew": "he", "hindi": "hi", "indonesian": "id", "italian": "it", "japanese": "ja",
    "korean": "ko", "marathi": "mr", "odia": "or", "persian": "fa", "polish": "pl", "portuguese": "pt", "russian": "ru",
    "sinhala": "si", "spanish": "es", "swedish": "sv", "tamil": "ta", "telugu": "te", "thai": "th",
    "traditionalchinese": "zh", "turkish": "tr", "ukrainian": "uk", "urdu": "ur", "yoruba": "yo",
}  # fmt: skip
"""The codes of languages that sources call by their English names."""


def single(text, lang, label=None, **more):
    """A row of one user turn; without `label` where that comes from reading."""
    return {"text": text, "lang": lang, **({"label": label} if label else {}), **more}


def printed(text, lang, label=None, **more):
    """A row of a question from a book or a sheet, its white space tidied."""
    return single(tidied(text), lang, label, **more)


def conversation(turns, lang, label=None, **more):
    """A row of several turns, of which the last is the user's."""
    return {"messages": turns, "lang": lang, **({"label": label} if label else {}), **more}


def turn(who, said):
    return {"role": "user" if who.lower() in PEOPLE else "assistant", "content": said.strip()}


def fits(row):
    """Whether a row asks for something and is not too long."""
    turns = [each["content"] for each in row["messages"]] if "messages" in row else [row["text"]]
    return bool(turns[-1].strip()) and sum(map(len, turns)) <= LONGEST


def choices(question, options, mark="{}) "):
    """A question with its options below, lettered as an exam prints them."""
    lettered = [mark.format(letter) + option.strip() for letter, option in zip("ABCDEFGHIJ", options)]
    return "\n".join([question.strip(), *lettered])


def label_of(labels):
    """{intent: label} of a table that is written the short way round: {label: "intent intent ..."}."""
    return {intent: label for label, intents in labels.items() for intent in intents.split()}


def by_intent(phrases, labels, lang):
    """Rows of (intent, phrase) pairs whose intent the table {label: "intent intent ..."} has; others are left out."""
    known = label_of(labels)
    return (single(phrase, lang, known[intent]) for intent, phrase in phrases if intent in known)
