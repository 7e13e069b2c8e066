"""What people ask a chat assistant: open requests, advice, writing, and mixed turns with their follow-ups.

Most of these sources hold all kinds of turns, so most rows take their label from reading; a rule labels only the
sources that were gathered for one kind of question.
"""

import re

from collect.source import Source, digest, read_labels

LONGEST = 6000


def turn(role, content):
    return {"role": role, "content": content.strip()}


def as_row(turns, lang, **more):
    """The row of a conversation: `text` where it is a single turn. None where it is too long or empty."""
    if not turns or not turns[-1]["content"] or sum(len(each["content"]) for each in turns) > LONGEST:
        return None
    said = {"text": turns[0]["content"]} if len(turns) == 1 else {"messages": turns}
    return {**said, "lang": lang, **more}


def single(text, lang, **more):
    return as_row([turn("user", text)], lang, **more)


def present(rows):
    return (row for row in rows if row)


def follow_ups(turns, lang, longest=7):
    """A row for each user turn of a conversation, with what was said before it."""
    for index, each in enumerate(turns):
        if each["role"] == "user":
            start = max(0, index + 1 - longest)
            start += turns[start]["role"] != "user"
            yield as_row(turns[start : index + 1], lang)


def with_input(instruction, text):
    """An instruction and the text it is about, one below the other."""
    return f"{instruction.strip()}\n\n{text.strip()}" if text.strip() else instruction


def first_instances(tasks, lang):
    """The task format of Self-Instruct: an instruction with example inputs, of which the first is taken."""
    return (single(with_input(task["instruction"], task["instances"][0]["input"]), lang) for task in tasks)


def self_instruct_users(tree):
    return present(first_instances(tree.lines("human_eval/user_oriented_instructions.jsonl"), "en"))


def turkish_seeds(tree):
    return present(first_instances(tree.lines("generate-instructions/seed_tasks.jsonl"), "tr"))


def complexbench(tree):
    """Read from one model's answers, which repeat the instructions: the data file is too large for some copies."""
    return present(single(line["instruction"], "zh") for line in tree.lines("llm_generations/gpt4_1106.jsonl"))


def plexpt_questions(tree):
    """Tables of a title and a question; four of the several hundred files, which hold more than is wanted."""
    for path in ("question/1.md", "question/120.md", "question/300.md", "question/500.md"):
        for line in tree.text(path).splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 2 and not set(cells[1]) <= set("-: ") and cells[1] != "问题":
                yield single(cells[1], "zh")


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
            yield from present(follow_ups(list(asked_and_answered(topic, asked, answered)), "en"))


def ikat(tree):
    """Turns with an assistant that knows some facts on the person; those facts stay unsaid here, as in a real log."""
    for path in ("2023/data/2023_test_topics.json", "2024/data/2024_test_topics.json"):
        for topic in tree.json(path):
            yield from present(follow_ups(list(asked_and_answered(topic, "utterance", "response")), "en"))


def mtrag(tree):
    """Conversations that people held with a system that answers from documents."""
    roles = {"user": "user", "agent": "assistant"}
    tasks = tree.json("mtrag-human/evaluations/reference_subset_with_human_evaluations.json")["tasks"]
    for task in tasks:
        turns = [turn(roles[each["speaker"]], each["text"]) for each in task["input"]]
        yield from present([as_row(turns, "en")])


def prism(tree):
    """Opening prompts that stand for their cluster; those are all the prompts that the repository holds as text."""
    for row in tree.table("results/clusters/opening_prompt_cluster_df_original.csv"):
        for quoted in re.findall(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", row["top_texts"]):
            yield from present([single("".join(quoted).replace("\\'", "'"), "en")])


LOBE_LANGUAGES = "ar bg-BG de-DE es-ES fa-IR fr-FR it-IT ja-JP ko-KR nl-NL pl-PL pt-BR ru-RU tr-TR vi-VN zh-CN".split()

# Some translations were left in English or Chinese: what is said must be written in the script of its language.
SCRIPTS = {
    "ar": "[\u0600-\u06ff]",
    "bg": "[\u0400-\u04ff]",
    "fa": "[\u0600-\u06ff]",
    "ja": "[\u3040-\u30ff]",
    "ko": "[\uac00-\ud7a3]",
    "ru": "[\u0400-\u04ff]",
    "zh": "[\u4e00-\u9fff]",
}


def in_its_script(text, lang):
    if lang in SCRIPTS:
        return re.search(SCRIPTS[lang], text) is not None
    return not re.search("[\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff]", text)


def opening_questions(tree, path):
    questions = tree.json(path).get("config", {}).get("openingQuestions") or []
    return [question for question in questions if isinstance(question, str)]


def translations(tree, path, english, named, language):
    """The rows of one translation of a page; none where its questions do not stand for the English ones."""
    translated, lang = opening_questions(tree, path), language[:2]
    if len(translated) != len(english):
        return
    for question, other, label in zip(english, translated, named):
        if label and other != question and in_its_script(other, lang):
            yield single(other, lang, label=label)


def lobe_openers(tree):
    """What an assistant's page offers to ask first. The label of the English text holds for its translations."""
    labels = read_labels("lobe_openers")
    paths = set(tree.paths("locales"))
    for path in sorted(path for path in paths if path.endswith("/index.json")):
        english = opening_questions(tree, path)
        named = [labels.get(digest({"text": question})) for question in english]
        if not any(named):
            continue
        yield from (single(question, "en", label=label) for question, label in zip(english, named) if label)
        for language in LOBE_LANGUAGES:
            other = path.replace("index.json", f"index.{language}.json")
            if other in paths:
                yield from translations(tree, other, english, named, language)


def oasst_edited_ja(tree):
    """Threads of OpenAssistant that were translated into Japanese and corrected by hand."""
    messages = tree.json("data/edited/edited_data_flat.json")
    for name, message in messages.items():
        if message["role"] == "prompter":
            turns = []
            while name in messages:
                role = {"prompter": "user"}.get(messages[name]["role"], "assistant")
                turns.insert(0, turn(role, messages[name]["text_ja_audited"]))
                name = messages[name]["parent_id"]
            yield from present([as_row(turns, "ja")])


def nfcats(tree):
    """Questions sorted by the kind of answer they need; the kinds that ask for more than a fact are general.

    The debates that were found by a rule hold questions of fact; those that begin with "should" are debates indeed.
    """
    for part in ("train", "valid", "test"):
        for row in tree.table(f"nfcats/data/{part}.csv"):
            debate = row["category"] == "DEBATE" and row["question"].startswith("Should")
            if debate or row["category"] in ("EXPERIENCE", "REASON", "COMPARISON"):
                yield single(row["question"], "en", label="general")


def cvalues(tree):
    """Without the questions of law, of which some are cases with one right decision."""
    for line in tree.lines("dataset/cvalues_responsibility_prompts.jsonl"):
        if "法" not in line["domain_zh"]:
            yield from present([single(line["prompt"], "zh", label="general", domain=line["domain_en"])])


def square(tree):
    for question in tree.json("data/SQuARe/question_test.json"):
        if question["category"] in ("contentious", "ethical"):
            yield single(question["question"], "ko", label="general")


def longwrite(tree):
    for line in tree.lines("evaluation/longbench_write.jsonl"):
        lang = "zh" if re.search("[\u4e00-\u9fff]", line["prompt"]) else "en"
        yield from present([single(line["prompt"], lang, label="general", domain=line["type"])])


def m_ifeval(tree):
    """Left out: answers out of a given choice, one-fact questions (without digits) and the one sum, on probability."""
    for lang in ("es", "fr", "ja"):
        for line in tree.lines(f"data/{lang}_input_data.jsonl"):
            kinds = " ".join(line["instruction_id_list"])
            if not re.search("constrained_response|no_digits", kinds) and "確率" not in line["prompt"]:
                yield single(line["prompt"], lang, label="general")


def pfgen(tree):
    """One file a question, with the answers that were accepted for it, which are not needed."""
    for path in sorted(tree.paths("data")):
        if re.search(r"/Q\d+\.json$", path):
            yield single(tree.json(path)["question"], "ja")


def neoai_instruct(tree):
    return present(single(line["input"], "ja") for line in tree.lines("data/neoai-instruct-bench.jsonl"))


SOURCES = [
    Source(
        name="self_instruct_users",
        repository="yizhongw/self-instruct",
        commit="0b26ccaa415992100fa32df62d41b994cf928e23",
        licence="Apache 2.0",
        how="252 requests that the authors wrote with an application in mind, not the seed tasks; labelled by reading",
        rows=self_instruct_users,
        held_out=True,
    ),
    Source(
        name="mtrag",
        repository="IBM/mt-rag-benchmark",
        commit="cc5b1d481b391181b89f7ced860308482e785463",
        licence="Apache 2.0",
        how="people's turns in conversations about finance, government, cloud and Wikipedia; labelled by reading",
        rows=mtrag,
        held_out=True,
    ),
    Source(
        name="prism",
        repository="HannahKirk/prism-alignment",
        commit="a9ec82149036374768f70e132a2369a750e06bbe",
        licence="CC BY 4.0 (texts written by people)",
        how="opening prompts of people in 75 countries; labelled by reading",
        rows=prism,
        held_out=True,
    ),
    Source(
        name="neoai_instruct",
        repository="neoAI-inc/neoAI-InstructBench",
        commit="b4ae4f7661b2b7e3426140cda55bcac16102a9cd",
        licence="CC BY-SA 4.0",
        how="Japanese office requests with conditions; labelled by reading",
        rows=neoai_instruct,
        held_out=True,
    ),
    Source(
        name="plexpt_questions",
        repository="PlexPt/awesome-chatgpt-prompts-zh",
        commit="367ed18b9c50b702d762c6fbc2885107141acb62",
        licence="MIT",
        how="collected Chinese questions of all kinds; labelled by reading",
        rows=plexpt_questions,
        held_out=True,
    ),
    Source(
        name="turkish_seeds",
        repository="emrecanacikgoz/turkish-llm",
        commit="bf612e740869b45dfc0b15552119dba6d734dbe8",
        licence="Apache 2.0",
        how="the seed tasks of Self-Instruct put into Turkish; labelled by reading",
        rows=turkish_seeds,
    ),
    Source(
        name="complexbench",
        repository="thu-coai/ComplexBench",
        commit="749f4575d5dc981182ecaebb8c292b2a61213cf3",
        licence="MIT",
        how="Chinese instructions with several conditions at once; labelled by reading",
        rows=complexbench,
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
        name="lobe_openers",
        repository="lobehub/lobe-chat-agents",
        commit="ec2b0e414c7078b21269363637077d0e6f7c3e84",
        licence="MIT",
        how="questions that assistants' pages offer, in English and 16 languages; the English ones labelled by reading",
        rows=lobe_openers,
    ),
    Source(
        name="oasst_edited_ja",
        repository="keishihara/oasst_editor",
        commit="9a561936cf3ad5dde4f0399f7872f4480921ca2b",
        licence="Apache 2.0",
        how="people's turns in OpenAssistant threads, in corrected Japanese; labelled by reading",
        rows=oasst_edited_ja,
    ),
    Source(
        name="nfcats",
        repository="Lurunchik/NF-CATS",
        commit="1b8c3b83337dfe0889245e817f1ba104e69939bd",
        licence="MIT",
        how="questions of debate, experience, reason and comparison → general",
        rows=nfcats,
    ),
    Source(
        name="cvalues",
        repository="X-PLUG/CValues",
        commit="3018d3886890d04c95c9051c7055fb19e36ef592",
        licence="Apache 2.0",
        how="experts' Chinese questions of judgement and advice, but on law → general",
        rows=cvalues,
    ),
    Source(
        name="square",
        repository="naver-ai/korean-safety-benchmarks",
        commit="e32837cd19c45564ab00083fbb2a4b89ecdf83f3",
        licence="MIT",
        how="contentious and ethical questions in Korean → general",
        rows=square,
    ),
    Source(
        name="longwrite",
        repository="THUDM/LongWriter",
        commit="3fcfdff43deceb49f7936c6bf25ad88d61df0bfa",
        licence="Apache 2.0",
        how="requests to write, in English and Chinese → general",
        rows=longwrite,
    ),
    Source(
        name="m_ifeval",
        repository="shisa-ai/M-IFEval",
        commit="06f08ff3b2681a7e875124aa6946bcc93739aced",
        licence="Apache 2.0",
        how="requests to write under conditions, made anew in Spanish, French and Japanese → general",
        rows=m_ifeval,
    ),
    Source(
        name="pfgen",
        repository="pfnet-research/pfgen-bench",
        commit="03db7c4310c651171627ab327a4830d75d6bb1d0",
        licence="Apache 2.0",
        how="fifty Japanese questions, for a definition in a line or an explanation; labelled by reading",
        rows=pfgen,
    ),
]
