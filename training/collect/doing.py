"""Requests that want something done: assistants, apps, terminals and clusters (agent), developers' questions (code).

Beside them their neighbours that want neither: turns of thanks in such conversations, questions about computing.
"""

import io
import json
import re
import zipfile

from collect.source import Source

LONGEST = 6_000
"""Characters of a row; longer ones are not taken."""


def plain(markdown):
    """A line of Markdown or HTML as its reader sees it: no links, tags, emphasis or entities."""
    text = re.sub(r"<a\b[^>]*>|</?(?:b|i|code|em|strong|kbd|br|sup)\s*/?>|</a>", "", markdown)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", text)
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return text.strip()


def kept(rows):
    """The rows that say something and are not too long."""
    for row in rows:
        said = row["text"] if "text" in row else "".join(turn["content"] for turn in row["messages"])
        if 2 < len(said) <= LONGEST:
            yield row


def headings(markdown, level):
    """The headings of one level, outside of blocks of code, as a reader sees them."""
    outside = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.S | re.M)
    return [plain(found) for found in re.findall(rf"^{'#' * level} +(.+?) *#*$", outside, flags=re.M)]


def conversation(turns):
    """(role, text) pairs as messages of a row."""
    return {"messages": [{"role": role, "content": text.strip()} for role, text in turns]}


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
        yield {"text": text, "lang": ASSISTANT_LANGUAGES.get(folder, folder), "label": label, "domain": "smart home"}


XSID_LANGUAGES = {"ar": "ar", "da": "da", "de": "de", "de-ba": "de", "de-st": "de", "gsw": "de", "id": "id", "it": "it"}
XSID_LANGUAGES |= {"ja": "ja", "kk": "kk", "lt": "lt", "nap": "it", "nl": "nl", "sr": "sr", "tr": "tr", "zh": "zh"}


def xsid(tree):
    """Each language gives another share of the requests, so that none is here twice in translation."""
    for at, (name, language) in enumerate(XSID_LANGUAGES.items()):
        for part in ("valid", "test"):
            said = re.findall(r"^# text = (.+)$", tree.text(f"data/xSID-0.6/{name}.{part}.conll"), flags=re.M)
            for text in said[at :: len(XSID_LANGUAGES)]:
                yield {"text": text, "lang": language, "label": "agent", "domain": "assistant"}


THANKS = re.compile(r"(ok(ay)?|great|perfect|no)?[,.! ]*(thanks|thank you|bye)\b[^?]{0,30}$", re.I)
NO_TOOL = re.compile(r"Translate|Calculator|Dictionary|Wiki|Symptom|HistoryToday|Emergency|DocumentQA|ImageCaption")
"""Dialogues with calls that a model could do without: their turns are not surely agent."""


def api_bank(tree):
    """User turns that the dialogue answers by a call of a tool; turns of thanks that it answers by words."""
    for path in tree.paths("api-bank/lv1-lv2-samples"):
        turns = list(tree.lines(path)) if not NO_TOOL.search(path) else []
        for at, turn in enumerate(turns):
            follows = turns[at + 1]["role"] if at + 1 < len(turns) else "AI"
            label = "agent" if follows == "API" else "simple" if THANKS.match(turn.get("text", "")) else None
            if turn["role"] == "User" and label:
                before = [(said["role"], said["text"]) for said in turns[: at + 1] if said["role"] != "API"]
                roles = [("user" if role == "User" else "assistant", text) for role, text in before]
                yield {**conversation(roles), "lang": "en", "label": label, "domain": "assistant"}


def schema_guided_label(turn, said_before):
    """agent where the user asks for an action or a look-up or agrees to one; simple for thanks and goodbye."""
    acts = {action["act"] for frame in turn["frames"] for action in frame["actions"]}
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
            roles = {"USER": "user", "SYSTEM": "assistant"}
            said = [(roles[turn["speaker"]], turn["utterance"]) for turn in turns[: at + 1]]
            yield {**conversation(said), "lang": "en", "label": label, "domain": "assistant"}


def crosswoz(tree):
    """Chinese tourists and a clerk with a database: requests need it, thanks do not. One turn a dialogue."""
    packed = zipfile.ZipFile(io.BytesIO(tree.git("show", f"{tree.commit}:data/crosswoz/test.json.zip")))
    for number, dialogue in enumerate(list(json.loads(packed.read("test.json")).values())[:220]):
        turns = dialogue["messages"]
        at = min(2 * (number % 5), len(turns) - 2) if number % 3 else len(turns) - 2
        acts = {act[0] for act in turns[at]["dialog_act"]}
        label = "simple" if acts == {"General"} else "agent" if "Request" in acts else None
        if label and not any("#C" in turn["content"] for turn in turns[: at + 1]):
            said = [("user" if turn["role"] == "usr" else "assistant", turn["content"]) for turn in turns[: at + 1]]
            yield {**conversation(said), "lang": "zh", "label": label, "domain": "travel"}


def mobile_bench(tree):
    """What users of a Chinese phone ask an assistant to do in one app or several."""
    for name in ("s_app_s_step", "s_app_m_step", "m_app_m_step"):
        for task in tree.json(f"data/{name}.json"):
            asked = task["query"][0] if isinstance(task["query"], list) else task["query"]
            if isinstance(asked, str):
                yield {"text": asked.split("|")[0].strip(), "lang": "zh", "label": "agent", "domain": "apps"}


LEON = {"good_bye": "simple", "greeting": "simple", "introduction": "simple", "age": "simple", "color": "simple"}
LEON |= {"welcome": "simple", "partner_assistant": "simple", "help": "simple"}
LEON |= {"github_trends": "agent", "product_hunt_trends": "agent", "todo_list": "agent", "date_time": "agent"}
LEON |= {"have_i_been_pwned": "agent", "is_it_down": "agent", "speed_test": "agent"}


def leon(tree):
    """Sample utterances of an assistant's skills, those that have no holes to fill and stand alone."""
    for path in tree.paths("skills"):
        found = re.fullmatch(r"skills/\w+/(\w+)/config/(en|fr)\.json", path)
        if found and found[1] in LEON:
            for action in tree.json(path)["actions"].values():
                for text in action.get("utterance_samples", []):
                    if not re.search(r"[{}@%|\[\]()]|^Why|^Delete it|^Supprime la$|hexa", text):
                        yield {"text": text, "lang": found[2], "label": LEON[found[1]], "domain": "assistant"}


def odex(tree):
    """Questions of Stack Overflow in four languages, as its annotators made them complete."""
    for language, step in (("en", 6), ("es", 2), ("ja", 3), ("ru", 4)):
        for task in list(tree.lines(f"data/{language}_test.jsonl"))[::step]:
            yield {"text": task["intent"], "lang": language, "domain": "Python"}


def javascript_questions(tree):
    """Quiz questions with their code and options; each translation gives another share of them."""
    paths = sorted(path for path in tree.paths() if path.endswith(".md"))
    for at, path in enumerate(paths):
        language = path.split("-")[0] if "/" in path else "en"
        parts = re.split(r"^###### *\d+\W", tree.text(path), flags=re.M)[1:]
        for part in parts[at % 7 :: 7]:
            text = re.split(r"<details>|\n---", part)[0].strip()
            yield {"text": plain(text), "lang": language, "label": "code", "domain": "JavaScript"}


GIT_LANGUAGES = {"README.md": "en", "README_es.md": "es", "README_fr.md": "fr", "README_ja.md": "ja"}
GIT_LANGUAGES |= {"README_kr.md": "ko", "README_ru.md": "ru", "README_vi.md": "vi", "README_zh-CN.md": "zh"}
GIT_LANGUAGES |= {"README_zh-TW.md": "zh"}


def git_flight_rules(tree):
    """Headings that say what went wrong with git; each translation gives every second, odd or even."""
    for at, (path, language) in enumerate(GIT_LANGUAGES.items()):
        for text in headings(tree.text(path), 3)[at % 2 :: 2]:
            if len(text) >= 10:
                yield {"text": text, "lang": language, "label": "code", "domain": "git"}


LEANING = r"\b(before|above|again|check|observe|verify|connect|delete|see|wait|same|just|second)\b"
"""What betrays an exercise that goes on from another one or wants to see a cluster."""


def ckad(tree):
    """Exercises for Kubernetes' command line that stand alone."""
    for path in tree.paths():
        if re.match(r"[a-j]\.", path):
            for text in headings(tree.text(path), 3):
                if re.match(r"Create|Write", text) and len(text) >= 40 and not re.search(LEANING, text, flags=re.I):
                    yield {"text": text, "lang": "en", "label": "code", "domain": "Kubernetes"}


def infibench(tree):
    """Developers' questions on many languages and frameworks, from Stack Overflow."""
    for row in tree.table("bigcode_eval/infibench/batched_prompts/suite_v2.1.csv"):
        yield {"text": row["content_prompt"].strip(), "lang": "en", "label": "code", "domain": "development"}


def rtllm(tree):
    """Hardware to be described in Verilog."""
    for path in tree.paths():
        if path.endswith("design_description.txt"):
            yield {"text": tree.text(path).strip(), "lang": "en", "label": "code", "domain": "Verilog"}


def numpy_100(tree):
    """Exercises with arrays."""
    for part in re.split(r"^#### \d+\. ", tree.text("100_Numpy_exercises.md"), flags=re.M)[1:]:
        yield {"text": re.sub(r" *\(★.*?\)", "", part).strip(), "lang": "en", "label": "code", "domain": "Python"}


def exercism(tree):
    """Programming exercises that speak of a program."""
    for path in tree.paths("exercises"):
        if path.endswith(("/description.md", "/instructions.md")):
            text = re.sub(r"^# .*\n+", "", tree.text(path))
            text = re.sub(r"\[([^\]]+)\](\[[^\]]*\]|\([^)]*\))", r"\1", text)
            text = re.sub(r"^\[.+?\]: .*$", "", text, flags=re.M).strip()
            if re.search(r"\b(program|function|code|implement|algorithm|method|class)\b", text, flags=re.I):
                yield {"text": text, "lang": "en", "label": "code", "domain": "exercises"}


SCRIPTING = re.compile(r"\b(write|create|develop|script)\b.{0,40}\bscript|command line|as a student", re.I | re.S)


def agentbench_os(tree):
    """Things to find out or to do on a Linux machine, but for exercises in writing scripts and what a model made up."""
    for path in tree.paths("data/os_interaction/data"):
        if path.endswith(".json") and "/4/" not in path and "bootstrap" not in path:
            tasks = tree.json(path)
            for task in tasks if isinstance(tasks, list) else [tasks]:
                text = task["description"].strip("\"' \n").replace("\\n", "\n")
                if not SCRIPTING.search(text):
                    yield {"text": text, "lang": "en", "label": "agent", "domain": "terminal"}


def holmesgpt(tree):
    """What is asked of an agent that looks into clusters and their alerts."""
    for path in tree.paths("tests/llm/fixtures"):
        if path.endswith("test_case.yaml"):
            found = re.search(r"^user_prompt: *[\"']?(?![|>])(.+?)[\"']? *$", tree.text(path), flags=re.M)
            if found:
                yield {"text": found[1], "lang": "en", "domain": "operations"}


def sysadmin(tree):
    """Questions put to candidates for system administration."""
    for text in re.findall(r"<summary><b>(.+?)</b></summary>", tree.text("README.md"), flags=re.S):
        yield {"text": plain(text).replace(" ***", "").replace("*", ""), "lang": "en", "domain": "operations"}


def react_interview(tree):
    """Questions in Spanish on React, some on what it is, some on how to write it."""
    for text in headings(tree.text("README.md"), 4):
        yield {"text": text, "lang": "es", "domain": "React"}


def ask_ubuntu(tree):
    """Titles of questions at Ask Ubuntu and Web Applications."""
    for name in ("AskUbuntuCorpus.json", "WebApplicationsCorpus.json"):
        for sentence in tree.json(name)["sentences"]:
            yield {"text": sentence["text"], "lang": "en", "domain": "software"}


FRONT_END = {"spanish": "es", "portuguese": "pt", "french": "fr", "german": "de", "japanese": "ja", "korean": "ko"}
FRONT_END |= {"russian": "ru", "turkish": "tr", "italian": "it", "polish": "pl", "arabic": "ar", "hindi": "hi"}


def front_end_interview(tree):
    """Questions put to web developers; each translation gives another share of them."""
    sets = [("en", [path for path in tree.paths("src/questions") if path.endswith("-questions.md")])]
    sets += [(language, [f"src/translations/{name}/README.md"]) for name, language in FRONT_END.items()]
    for at, (language, paths) in enumerate(sets):
        lines = [line for path in paths for line in re.findall(r"^[*-] +(.{20,})$", tree.text(path), flags=re.M)]
        for text in lines if language == "en" else lines[at % 12 :: 12]:
            if "](#" not in text and "http" not in text:
                yield {"text": plain(text), "lang": language, "domain": "web"}


def fe_interview(tree):
    """Questions on web development that a Chinese site puts to its readers each day; two of nine."""
    listed = re.findall(r"^- \[(.+)\]\(https://github.com/haizlin", tree.text("category/all.md"), flags=re.M)
    for text in listed[::9] + listed[4::9]:
        yield {"text": plain(re.sub(r"^\[\w+\] *", "", text)), "lang": "zh", "domain": "web"}


def android_interview(tree):
    """Questions on Android and Kotlin, one a file."""
    for path in tree.paths():
        if path.endswith(".md") and path.count("/") == 1 and len(name := path.split("/")[1][:-3]) > 12:
            yield {"text": name.replace("`", "").strip(), "lang": "en", "domain": "Android"}


SHORT_THANKS = re.compile(r"(terima ?kasih|makasih).{0,8}$", re.I)


def indonesian_driver(tree):
    """What a driver asks the car first, and how the driver thanks it."""
    parts = [tree.json(f"IndoSMD/IndoSMD_split/IndoSMD_{part}.json") for part in ("test", "dev")]
    for number, task in enumerate(sum(parts, [])):
        said = [(turn["turn"], turn["data"]["utterance"]) for turn in task["dialogue"]]
        thanks = [at for at, (who, text) in enumerate(said) if who == "driver" and SHORT_THANKS.match(text)]
        at = thanks[-1] if number % 3 == 0 and thanks else 0
        roles = [("user" if who == "driver" else "assistant", text) for who, text in said[: at + 1]]
        yield {**conversation(roles), "lang": "id", "label": "simple" if at else "agent", "domain": "car"}


def spider2_dbt(tree):
    """Data engineering in a project that is there to be completed."""
    for task in tree.lines("spider2-dbt/examples/spider2-dbt.jsonl"):
        yield {"text": task["instruction"], "lang": "en", "domain": "data"}


def office_bench(tree):
    """What is to be done with documents, mails and calendars."""
    for path in tree.paths("tasks"):
        if "/subtasks/" in path and path.endswith(".json"):
            yield {"text": tree.json(path)["task"], "lang": "en", "label": "agent", "domain": "office"}


def work_bench(tree):
    """Requests to an assistant at work, one of each wording."""
    wordings = set()
    for path in tree.paths("data/processed/queries_and_answers"):
        for row in tree.table(path):
            if row["chosen_template"] not in wordings:
                wordings.add(row["chosen_template"])
                yield {"text": row["query"], "lang": "en", "label": "agent", "domain": "office"}


def spa_bench(tree):
    """What is to be done on a phone, in one app or several, written in English and Chinese by different people."""
    for name, language in (("ENG", "en"), ("CHN", "zh")):
        for part in ("single-app", "cross-app"):
            for number, row in enumerate(tree.table(f"data/{part}-{name}.csv")):
                # A task in one app comes in three lengths: one of the two longer ones is taken.
                if row["task_app"] != "calculator" and (part == "cross-app" or number % 3 == 1 + number // 3 % 2):
                    text = row["task_description"].strip()
                    yield {"text": text, "lang": language, "label": "agent", "domain": "apps"}


def agentics(tree):
    """Missions for an agent that looks after a repository: the bodies of workflow files, written by hand."""
    for path in tree.paths("workflows"):
        if path.count("/") == 1 and path.endswith(".md"):
            text = tree.text(path).split("---\n", 2)[-1]
            text = re.sub(r"<!--.*?-->|^(source|\{\{).*$|\$\{\{.*?\}\}", "", text, flags=re.S | re.M).strip()
            if len(text) > 200:
                yield {"text": text, "lang": "en", "label": "agent", "domain": "repository"}


def auto_gpt_benchmarks(tree):
    """Small missions with files and pages."""
    for path in tree.paths():
        if "/challenges/" in path and path.endswith("data.json"):
            yield {"text": tree.json(path)["task"].strip(), "lang": "en", "domain": "files"}


def source(rows, repository, commit, licence, how, held_out=False):
    """A source that has the name of its reader."""
    return Source(rows.__name__, repository, commit, licence, how, lambda tree: kept(rows(tree)), held_out)


AGENT = "whole source → agent"
CODE = "whole source → code"
READ = "by reading"

SOURCES = [
    source(
        home_assistant, "home-assistant/intents", "aa550032a57b67c13995c032220bc4101521ead2", "CC BY 4.0",
        "by intent: commands and questions on the house → agent; greetings and 'never mind' → simple",
    ),
    source(xsid, "mainlp/xsid", "761d926c3f2e9f6bea13192d2f39cec1d04d9777", "CC BY-SA 4.0", AGENT),
    source(
        api_bank, "AlibabaResearch/DAMO-ConvAI", "483554eae102996f5ec1f4feab4e78ef29c2a394", "MIT",
        "turns answered by a call of a tool → agent; thanks answered by words → simple",
    ),
    source(
        schema_guided, "google-research-datasets/dstc8-schema-guided-dialogue", "e852981ae34990f4358979625854259302feaa78",
        "CC BY-SA 4.0",
        "by dialogue act: new intents, other results wanted, confirmed actions → agent; thanks, goodbye → simple",
    ),
    source(
        crosswoz, "thu-coai/CrossWOZ", "df82c9fdff91b9b130f2d6b89110d3870ba6260e", "Apache 2.0",
        "by dialogue act: requests → agent, thanks → simple; read over", held_out=True,
    ),
    source(mobile_bench, "XiaoMi/MobileBench", "4360ca869bfdd9470b97e1c5a75943c0fd5b9a19", "Apache 2.0", AGENT),
    source(
        leon, "leon-ai/leon", "84b84453a77d3d557e826f511e4d6e38e22b2313", "MIT",
        "by skill: actions and fresh facts → agent, small talk → simple; read over", held_out=True,
    ),
    source(
        odex, "zorazrw/odex", "21308ea6d474a078d5a85c61c2b5ca228d1fd167", "CC BY-SA 4.0",
        "read; all code but for those that leave open what is wanted", held_out=True,
    ),
    source(
        javascript_questions, "lydiahallie/javascript-questions", "a8b427b9f7f94f1a2965144ba544b475c5f65829", "MIT",
        CODE,
    ),
    source(
        git_flight_rules, "k88hudson/git-flight-rules", "80d27e63e15463c13744904bbf194a9d7c3d5340", "CC BY-SA 4.0",
        CODE,
    ),
    source(ckad, "dgkanatsios/CKAD-exercises", "54e5f2dda65eec7522803cf5a386fe4123a8e6e9", "MIT", CODE),
    source(
        infibench, "infi-coder/infibench-evaluation-harness", "736de98209ed546ef59992ab8edc0c03d02ffde6",
        "Apache 2.0, questions from Stack Overflow CC BY-SA", CODE,
    ),
    source(rtllm, "hkust-zhiyao/RTLLM", "41b26896e33b536940116a975626455eed3de65e", "MIT", CODE),
    source(numpy_100, "rougier/numpy-100", "6447594ad639908dc979446a4ec7f0f2e62fb23b", "MIT", CODE),
    source(
        exercism, "exercism/problem-specifications", "03f83310ed0547b902d211a05d23b3d74661df02", "MIT",
        "exercises that name a program, function or algorithm → code",
    ),
    source(agentbench_os, "THUDM/AgentBench", "578c5e9f706fc2dd96188ca6c8cf9095ca0c6528", "Apache 2.0", AGENT),
    source(
        holmesgpt, "robusta-dev/holmesgpt", "c1ee1d43598b89ca59481615b40a3340a32f2202", "Apache 2.0",
        READ, held_out=True,
    ),
    source(sysadmin, "trimstray/test-your-sysadmin-skills", "d566322e4f6a656fb835bf34712a67db269d5f2d", "MIT", READ),
    source(
        react_interview, "midudev/preguntas-entrevista-react", "3567a45d448c045f3d73aac9a99a62269d61080a", "MIT",
        READ, held_out=True,
    ),
    source(
        ask_ubuntu, "sebischair/NLU-Evaluation-Corpora", "9bac08b980f0f570c4166e2d7243c2971df50d8f", "CC BY-SA 3.0",
        READ,
    ),
    source(
        front_end_interview, "h5bp/Front-end-Developer-Interview-Questions", "c8023cdcc4e13d45c096c3f37160a8fa5ab066d6",
        "MIT", READ,
    ),
    source(fe_interview, "haizlin/fe-interview", "79bab2c2a203705e1201051ae8c80b752a3d439e", "MIT", READ),
    source(
        indonesian_driver, "dehanalkautsar/IndoToD", "236b81c24403ff77c38ebd5408e79184b632a766", "CC BY-SA 4.0",
        "first requests → agent, thanks → simple",
    ),
    source(spider2_dbt, "xlang-ai/Spider2", "e12c5f1e6550a5df88995520c3bf00bbe7bad2d2", "MIT", READ),
    source(agentics, "githubnext/agentics", "1c6668b751c51af8571f01204ceffb19362e0f66", "MIT", AGENT),
    source(
        auto_gpt_benchmarks, "Significant-Gravitas/Auto-GPT-Benchmarks", "a436d2d7479976e83d95a3ab8ec7a7c9c51ab01f",
        "MIT", READ,
    ),
    source(
        android_interview, "Kirchhoff-/Android-Interview-Questions", "c5f8d07acfc0332b1c612c6b6c81688d9b8c4acb",
        "Apache 2.0", READ,
    ),
    source(office_bench, "zlwang-cs/OfficeBench", "4434746ed44f03373031c89eb7677ffedd1ee6e4", "Apache 2.0", AGENT),
    source(
        work_bench, "olly-styles/WorkBench", "42f1b6dc18986f47701ca83de2d63dd4f95c59a0", "MIT",
        "whole source → agent, one row a wording",
    ),
    source(
        spa_bench, "ai-agents-2030/SPA-Bench", "bc932bf7a90489d21e46c2019c11d16a8e16feaa", "MIT",
        "whole source → agent; read over", held_out=True,
    ),
]
