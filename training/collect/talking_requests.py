"""What people open a chat with: requests for writing, advice and help of all kinds.

Sets that mix all kinds were labelled by reading; a rule labels those that were gathered for writing alone.
"""

import re

from collect.formats import quoted
from collect.rows import single
from collect.source import Source, digest, read_labels


def with_input(instruction, text):
    """An instruction and the text it is about, one below the other."""
    return f"{instruction.strip()}\n\n{text.strip()}" if text.strip() else instruction


def first_instances(tasks, lang):
    """The task format of Self-Instruct: an instruction with example inputs, of which the first is taken."""
    return (single(with_input(task["instruction"], task["instances"][0]["input"]), lang) for task in tasks)


def self_instruct_users(tree):
    return first_instances(tree.lines("human_eval/user_oriented_instructions.jsonl"), "en")


def turkish_seeds(tree):
    return first_instances(tree.lines("generate-instructions/seed_tasks.jsonl"), "tr")


def complexbench(tree):
    """Read from one model's answers, which repeat the instructions: the data file is too large for some copies."""
    return (single(line["instruction"].strip(), "zh") for line in tree.lines("llm_generations/gpt4_1106.jsonl"))


def prism(tree):
    """Opening prompts that stand for their cluster; those are all the prompts that the repository holds as text."""
    for row in tree.table("results/clusters/opening_prompt_cluster_df_original.csv"):
        yield from (single(text, "en") for text in quoted(row["top_texts"]))


def plexpt_questions(tree):
    """Tables of a title and a question; four of the several hundred files, which hold more than is wanted."""
    for path in ("question/1.md", "question/120.md", "question/300.md", "question/500.md"):
        for line in tree.text(path).splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 2 and not set(cells[1]) <= set("-: ") and cells[1] != "问题":
                yield single(cells[1], "zh")


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
            yield single(other, lang, label)


def lobe_openers(tree):
    """What an assistant's page offers to ask first. The label of the English text holds for its translations."""
    labels = read_labels("lobe_openers")
    paths = set(tree.paths("locales"))
    for path in sorted(path for path in paths if path.endswith("/index.json")):
        english = opening_questions(tree, path)
        named = [labels.get(digest({"text": question})) for question in english]
        if not any(named):
            continue
        yield from (single(question, "en", label) for question, label in zip(english, named) if label)
        for language in LOBE_LANGUAGES:
            other = path.replace("index.json", f"index.{language}.json")
            if other in paths:
                yield from translations(tree, other, english, named, language)


def longwrite(tree):
    for line in tree.lines("evaluation/longbench_write.jsonl"):
        lang = "zh" if re.search("[\u4e00-\u9fff]", line["prompt"]) else "en"
        yield single(line["prompt"].strip(), lang, "general", domain=line["type"])


def m_ifeval(tree):
    """Left out: answers out of a given choice, one-fact questions (without digits) and the one sum, on probability."""
    for lang in ("es", "fr", "ja"):
        for line in tree.lines(f"data/{lang}_input_data.jsonl"):
            kinds = " ".join(line["instruction_id_list"])
            if not re.search("constrained_response|no_digits", kinds) and "確率" not in line["prompt"]:
                yield single(line["prompt"].strip(), lang, "general")


def neoai_instruct(tree):
    return (single(line["input"], "ja") for line in tree.lines("data/neoai-instruct-bench.jsonl"))


SOURCES = [
    Source(
        name="self_instruct_users",
        repository="yizhongw/self-instruct",
        commit="0b26ccaa415992100fa32df62d41b994cf928e23",
        licence="Apache-2.0",
        how="252 requests that the authors wrote with an application in mind, not the seed tasks; labelled by reading",
        rows=self_instruct_users,
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
        licence="Apache-2.0",
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
        name="lobe_openers",
        repository="lobehub/lobe-chat-agents",
        commit="ec2b0e414c7078b21269363637077d0e6f7c3e84",
        licence="MIT",
        how="questions that assistants' pages offer, in English and 16 languages; the English ones labelled by reading",
        rows=lobe_openers,
    ),
    Source(
        name="longwrite",
        repository="THUDM/LongWriter",
        commit="3fcfdff43deceb49f7936c6bf25ad88d61df0bfa",
        licence="Apache-2.0",
        how="requests to write, in English and Chinese → general",
        rows=longwrite,
    ),
    Source(
        name="m_ifeval",
        repository="shisa-ai/M-IFEval",
        commit="06f08ff3b2681a7e875124aa6946bcc93739aced",
        licence="Apache-2.0",
        how="requests to write under conditions, made anew in Spanish, French and Japanese → general",
        rows=m_ifeval,
    ),
]
