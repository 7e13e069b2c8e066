"""Turns within dialogues with an assistant that acts: requests (agent), and beside them thanks and goodbye (simple).

Both come from the same dialogues, so that a conversation full of actions does not make its thanks a request.
"""

import io
import json
import re
import zipfile

from collect.rows import conversation, turn
from collect.source import Source

THANKS = re.compile(r"(ok(ay)?|great|perfect|no)?[,.! ]*(thanks|thank you|bye)\b[^?]{0,30}$", re.I)

NO_TOOL = re.compile(r"Translate|Calculator|Dictionary|Wiki|Symptom|HistoryToday|Emergency|DocumentQA|ImageCaption")
"""Dialogues with calls that a model could do without: their turns are not surely agent."""


def api_bank(tree):
    """User turns that the dialogue answers by a call of a tool; turns of thanks that it answers by words."""
    for path in tree.paths("api-bank/lv1-lv2-samples"):
        turns = list(tree.lines(path)) if not NO_TOOL.search(path) else []
        for at, asked in enumerate(turns):
            follows = turns[at + 1]["role"] if at + 1 < len(turns) else "AI"
            label = "agent" if follows == "API" else "simple" if THANKS.match(asked.get("text", "")) else None
            if asked["role"] == "User" and label:
                before = [turn(said["role"], said["text"]) for said in turns[: at + 1] if said["role"] != "API"]
                yield conversation(before, "en", label, domain="assistant")


def schema_guided_label(asked, said_before):
    """agent where the user asks for an action or a look-up or agrees to one; simple for thanks and goodbye."""
    acts = {action["act"] for frame in asked["frames"] for action in frame["actions"]}
    if acts <= {"THANK_YOU", "GOODBYE"}:
        return "simple"
    confirmed = any(action["act"] == "CONFIRM" for frame in said_before for action in frame["actions"])
    if "INFORM_INTENT" in acts or "REQUEST_ALTS" in acts or (confirmed and acts <= {"AFFIRM"}):
        return "agent"
    return None


def schema_guided(tree):
    """One user turn a dialogue, the first or a later one by turns, with what was said before."""
    for path in ("test/dialogues_010", "test/dialogues_030", "train/dialogues_010", "train/dialogues_090"):
        for number, dialogue in enumerate(tree.json(f"{path}.json")):
            turns, found = dialogue["turns"], []
            for at in range(0, len(turns), 2):
                label = schema_guided_label(turns[at], turns[at - 1]["frames"] if at else [])
                found += [(at, label)] if label else []
            at, label = found[(0, len(found) // 2, -1)[number % 3]]
            said = [turn(each["speaker"], each["utterance"]) for each in turns[: at + 1]]
            yield conversation(said, "en", label, domain="assistant")


def crosswoz(tree):
    """Chinese tourists and a clerk with a database: requests need it, thanks do not. One turn a dialogue."""
    packed = zipfile.ZipFile(io.BytesIO(tree.content("data/crosswoz/test.json.zip")))
    for number, dialogue in enumerate(list(json.loads(packed.read("test.json")).values())[:220]):
        turns = dialogue["messages"]
        at = min(2 * (number % 5), len(turns) - 2) if number % 3 else len(turns) - 2
        acts = {act[0] for act in turns[at]["dialog_act"]}
        label = "simple" if acts == {"General"} else "agent" if "Request" in acts else None
        said = [turn(each["role"], each["content"]) for each in turns[: at + 1]]
        if label and not any("#C" in each["content"] for each in said):
            yield conversation(said, "zh", label, domain="travel")


SHORT_THANKS = re.compile(r"(terima ?kasih|makasih).{0,8}$", re.I)


def indonesian_driver(tree):
    """What a driver asks the car first, and how the driver thanks it."""
    parts = [tree.json(f"IndoSMD/IndoSMD_split/IndoSMD_{part}.json") for part in ("test", "dev")]
    for number, task in enumerate(sum(parts, [])):
        said = [(turn["turn"], turn["data"]["utterance"]) for turn in task["dialogue"]]
        thanks = [at for at, (who, text) in enumerate(said) if who == "driver" and SHORT_THANKS.match(text)]
        at = thanks[-1] if number % 3 == 0 and thanks else 0
        turns = [turn(who, text) for who, text in said[: at + 1]]
        yield conversation(turns, "id", "simple" if at else "agent", domain="car")


SOURCES = [
    Source(
        name="api_bank",
        repository="AlibabaResearch/DAMO-ConvAI",
        commit="483554eae102996f5ec1f4feab4e78ef29c2a394",
        licence="MIT",
        how="turns answered by a call of a tool → agent; thanks answered by words → simple",
        rows=api_bank,
    ),
    Source(
        name="schema_guided",
        repository="google-research-datasets/dstc8-schema-guided-dialogue",
        commit="e852981ae34990f4358979625854259302feaa78",
        licence="CC BY-SA 4.0",
        how="by dialogue act: new intents, other results wanted, confirmed actions → agent; thanks, goodbye → simple",
        rows=schema_guided,
    ),
    Source(
        name="crosswoz",
        repository="thu-coai/CrossWOZ",
        commit="df82c9fdff91b9b130f2d6b89110d3870ba6260e",
        licence="Apache-2.0",
        how="by dialogue act: requests → agent, thanks → simple; read over",
        rows=crosswoz,
        held_out=True,
    ),
    Source(
        name="indonesian_driver",
        repository="dehanalkautsar/IndoToD",
        commit="236b81c24403ff77c38ebd5408e79184b632a766",
        licence="CC BY-SA 4.0",
        how="first requests → agent, thanks → simple",
        rows=indonesian_driver,
    ),
]
