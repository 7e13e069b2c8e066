"""Work for an agent: terminals, clusters, repositories, files, data and offices."""

import re

from collect.rows import single
from collect.source import Source

SCRIPTING = re.compile(r"\b(write|create|develop|script)\b.{0,40}\bscript|command line|as a student", re.I | re.S)


def agentbench_os(tree):
    """Things to find out or to do on a Linux machine, but for exercises in writing scripts and what a model made up."""
    for path in tree.paths("data/os_interaction/data"):
        if path.endswith(".json") and "/4/" not in path and "bootstrap" not in path:
            tasks = tree.json(path)
            for task in tasks if isinstance(tasks, list) else [tasks]:
                text = task["description"].strip("\"' \n").replace("\\n", "\n")
                if not SCRIPTING.search(text):
                    yield single(text, "en", "agent", domain="terminal")


def holmesgpt(tree):
    """What is asked of an agent that looks into clusters and their alerts."""
    for path in tree.paths("tests/llm/fixtures"):
        if path.endswith("test_case.yaml"):
            found = re.search(r"^user_prompt: *[\"']?(?![|>])(.+?)[\"']? *$", tree.text(path), flags=re.M)
            if found:
                yield single(found[1], "en", domain="operations")


def spider2_dbt(tree):
    """Data engineering in a project that is there to be completed."""
    for task in tree.lines("spider2-dbt/examples/spider2-dbt.jsonl"):
        yield single(task["instruction"], "en", domain="data")


def office_bench(tree):
    """What is to be done with documents, mails and calendars."""
    for path in tree.paths("tasks"):
        if "/subtasks/" in path and path.endswith(".json"):
            yield single(tree.json(path)["task"], "en", "agent", domain="office")


def work_bench(tree):
    """Requests to an assistant at work, one of each wording."""
    wordings = set()
    for path in tree.paths("data/processed/queries_and_answers"):
        for row in tree.table(path):
            if row["chosen_template"] not in wordings:
                wordings.add(row["chosen_template"])
                yield single(row["query"], "en", "agent", domain="office")


def agentics(tree):
    """Missions for an agent that looks after a repository: the bodies of workflow files, written by hand."""
    for path in tree.paths("workflows"):
        if path.count("/") == 1 and path.endswith(".md"):
            text = tree.text(path).split("---\n", 2)[-1]
            text = re.sub(r"<!--.*?-->|^(source|\{\{).*$|\$\{\{.*?\}\}", "", text, flags=re.S | re.M).strip()
            if len(text) > 200:
                yield single(text, "en", "agent", domain="repository")


def auto_gpt_benchmarks(tree):
    """Small missions with files and pages."""
    for path in tree.paths():
        if "/challenges/" in path and path.endswith("data.json"):
            yield single(tree.json(path)["task"].strip(), "en", domain="files")


SOURCES = [
    Source(
        name="agentbench_os",
        repository="THUDM/AgentBench",
        commit="578c5e9f706fc2dd96188ca6c8cf9095ca0c6528",
        licence="Apache-2.0",
        how="whole source → agent",
        rows=agentbench_os,
    ),
    Source(
        name="holmesgpt",
        repository="robusta-dev/holmesgpt",
        commit="c1ee1d43598b89ca59481615b40a3340a32f2202",
        licence="Apache-2.0",
        how="labelled by reading",
        rows=holmesgpt,
        held_out=True,
    ),
    Source(
        name="spider2_dbt",
        repository="xlang-ai/Spider2",
        commit="e12c5f1e6550a5df88995520c3bf00bbe7bad2d2",
        licence="MIT",
        how="labelled by reading",
        rows=spider2_dbt,
    ),
    Source(
        name="agentics",
        repository="githubnext/agentics",
        commit="1c6668b751c51af8571f01204ceffb19362e0f66",
        licence="MIT",
        how="whole source → agent",
        rows=agentics,
    ),
    Source(
        name="auto_gpt_benchmarks",
        repository="Significant-Gravitas/Auto-GPT-Benchmarks",
        commit="a436d2d7479976e83d95a3ab8ec7a7c9c51ab01f",
        licence="MIT",
        how="labelled by reading",
        rows=auto_gpt_benchmarks,
    ),
    Source(
        name="office_bench",
        repository="zlwang-cs/OfficeBench",
        commit="4434746ed44f03373031c89eb7677ffedd1ee6e4",
        licence="Apache-2.0",
        how="whole source → agent",
        rows=office_bench,
    ),
    Source(
        name="work_bench",
        repository="olly-styles/WorkBench",
        commit="42f1b6dc18986f47701ca83de2d63dd4f95c59a0",
        licence="MIT",
        how="whole source → agent, one row a wording",
        rows=work_bench,
    ),
]
