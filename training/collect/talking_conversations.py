"""People's turns in conversations with a chat assistant, each with what was said before it; labelled by reading."""

from collect.rows import conversation, single, turn
from collect.source import Source


def as_row(turns, lang):
    """An opening is a row of one turn like those of other sources."""
    return single(turns[0]["content"], lang) if len(turns) == 1 else conversation(turns, lang)


def follow_ups(turns, lang, longest=7):
    """A row for each user turn of a conversation, with what was said before it."""
    for index, each in enumerate(turns):
        if each["role"] == "user":
            start = max(0, index + 1 - longest)
            start += turns[start]["role"] != "user"
            yield as_row(turns[start : index + 1], lang)


def asked_and_answered(topic, asked, answered):
    for each in topic["turn"] if "turn" in topic else topic["turns"]:
        yield turn("user", each[asked])
        if each.get(answered):
            yield turn("assistant", each[answered])


def cast(tree):
    """Two years of the track: of 2022 the paths through a topic are given flattened, so that turns come twice."""
    for path, asked, answered in (
        ("2021/2021_manual_evaluation_topics_v1.0.json", "raw_utterance", "passage"),
        ("2022/2022_evaluation_topics_flattened_duplicated_v1.0.json", "utterance", "response"),
    ):
        for topic in tree.json(path):
            yield from follow_ups(list(asked_and_answered(topic, asked, answered)), "en")


def ikat(tree):
    """Turns with an assistant that knows some facts on the person; those facts stay unsaid here, as in a real log."""
    for path in ("2023/data/2023_test_topics.json", "2024/data/2024_test_topics.json"):
        for topic in tree.json(path):
            yield from follow_ups(list(asked_and_answered(topic, "utterance", "response")), "en")


def mtrag(tree):
    """Conversations that people held with a system that answers from documents."""
    tasks = tree.json("mtrag-human/evaluations/reference_subset_with_human_evaluations.json")["tasks"]
    for task in tasks:
        turns = [turn(each["speaker"], each["text"]) for each in task["input"]]
        yield as_row(turns, "en")


def oasst_edited_ja(tree):
    """Threads of OpenAssistant that were translated into Japanese and corrected by hand."""
    messages = tree.json("data/edited/edited_data_flat.json")
    for name, message in messages.items():
        if message["role"] == "prompter":
            turns = []
            while name in messages:
                turns.insert(0, turn(messages[name]["role"], messages[name]["text_ja_audited"]))
                name = messages[name]["parent_id"]
            yield as_row(turns, "ja")


SOURCES = [
    Source(
        name="mtrag",
        repository="IBM/mt-rag-benchmark",
        commit="cc5b1d481b391181b89f7ced860308482e785463",
        licence="Apache-2.0",
        how="people's turns in conversations about finance, government, cloud and Wikipedia; labelled by reading",
        rows=mtrag,
        held_out=True,
    ),
    Source(
        name="cast",
        repository="daltonj/treccastweb",
        commit="33846610b736da392efeab00e4c6f4519e0dacf1",
        licence="MIT",
        how="turns of conversations that look for information, 2021 and 2022; labelled by reading",
        rows=cast,
    ),
    Source(
        name="ikat",
        repository="irlabamsterdam/iKAT",
        commit="05399308a3cf4eb56b35bed8bee0771e4f8f1404",
        licence="MIT",
        how="turns of conversations with an assistant that knows the person, 2023 and 2024; labelled by reading",
        rows=ikat,
    ),
    Source(
        name="oasst_edited_ja",
        repository="keishihara/oasst_editor",
        commit="9a561936cf3ad5dde4f0399f7872f4480921ca2b",
        licence="Apache-2.0",
        how="people's turns in OpenAssistant threads, in corrected Japanese; labelled by reading",
        rows=oasst_edited_ja,
    ),
]
