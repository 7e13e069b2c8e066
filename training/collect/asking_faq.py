"""Questions of FAQs and help pages, which a line or two of the page answers: simple, but for the explanations."""

import re

from collect.formats import titled
from collect.rows import label_of, single
from collect.source import Source

BITCOIN_FAQ = {
    "simple": "whatisbitcoin creator whocontrols used acquire virtual anonymous islegal fee poweredoff whatismining "
    "miningstart morehelp",
    "general": "howitworks advantages disadvantages trust scale whyvalue earlyadopter deflationaryspiral bubble "
    "miningwaste speculationvolatility buyall bettercurrency howminingworks miningsecure finitelimitation consumer",
}

BITCOIN_LOCALES = {"zh_CN": "zh", "zh_TW": "zh", "pt_BR": "pt"}


def bitcoin_faq(tree):
    """The questions of one FAQ in its translations: facts in a line are simple, explanations and judgements general."""
    known = label_of(BITCOIN_FAQ)
    for path in tree.paths("_translations"):
        locale = path.split("/")[-1].removesuffix(".yml")
        section = re.split(r"^  faq:$", tree.text(path), flags=re.MULTILINE)[-1]
        section = re.split(r"^  \w+:", section, flags=re.MULTILINE)[0]
        for key, question in re.findall(r'^    (\w+): "(.+)"$', section, re.MULTILINE):
            if key in known:
                text = question.replace('\\"', '"')
                yield single(text, BITCOIN_LOCALES.get(locale, locale), known[key])


def organic_maps(tree):
    """The questions and troubles that the FAQ of a map app answers, in its translations."""
    for path in tree.paths("content/faq"):
        found = re.match(r"content/faq/\w+/[\w-]+/index(?:\.([a-z]{2})[\w-]*)?\.md", path)
        if found and (title := titled(tree.text(path))):
            yield single(title, found[1] or "en", "simple")


def titled_questions(folder):
    """The titles of help pages that are questions, without those for a reason."""

    def rows(tree):
        for path in tree.paths(folder):
            title = titled(tree.text(path)) if path.endswith(".md") else ""
            if title.endswith("?") and not re.match(r"\W*why", title, re.IGNORECASE):
                yield single(title, "en", "simple")

    return rows


SOURCES = [
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
        name="bitcoin_faq",
        repository="bitcoin-dot-org/bitcoin.org",
        commit="39779fb9594d4bd941c2baecb3d64b292a76f8f5",
        licence="MIT",
        how="by question, each read once: facts → simple, explanations and judgements → general",
        rows=bitcoin_faq,
        held_out=True,
    ),
]
