import json
import re

import pytest

from shared_world.development.locations import ROOT
from shared_world.development.make_locales import FILES, LOCALES, english

HELP_PAGES = ROOT / "web" / "docs"
LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir())
GROWN = re.compile(r"_[a-z]+\d+$")
"""Names of sockets that appear one after the other."""
SAME_IN_ALL_LANGUAGES = {"cfg", "vae", "Latent"}


@pytest.fixture(scope="module")
def texts():
    return english()


def locale(language, name):
    return json.loads((LOCALES / language / f"{name}.json").read_text(encoding="utf-8"))


def leaves(tree, path=""):
    if not isinstance(tree, dict):
        return {path: tree}
    return {key: text for name, branch in tree.items() for key, text in leaves(branch, f"{path}/{name}").items()}


@pytest.mark.parametrize("name", FILES)
def test_english_is_what_the_nodes_say(texts, name):
    assert locale("en", name) == texts[name], "run python -m shared_world.development.make_locales"


def test_everything_that_has_a_name_has_a_tooltip(texts):
    assert [path for path, text in leaves(texts["nodeDefs"]).items() if not text] == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
@pytest.mark.parametrize("name", FILES)
def test_translation_is_complete_and_has_nothing_that_is_gone(language, name):
    assert leaves(locale(language, name)).keys() == leaves(locale("en", name)).keys()


@pytest.mark.parametrize("name", FILES)
def test_no_text_of_the_chinese_translation_was_left_in_english(name):
    left = [
        path
        for path, text in leaves(locale("zh", name)).items()
        if not re.search("[\u4e00-\u9fff]", text) and text not in SAME_IN_ALL_LANGUAGES
    ]
    assert left == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_holds_what_the_page_would_take_for_its_message_syntax(language):
    for name in FILES:
        assert [path for path, text in leaves(locale(language, name)).items() if re.search(r"[@{}|%]", text)] == []


def test_every_node_has_a_help_page_and_every_page_its_node(texts):
    assert {page.stem for page in HELP_PAGES.glob("*.md")} == set(texts["nodeDefs"])


def test_help_pages_explain_every_input_and_output(texts):
    unexplained = []
    for node, entry in texts["nodeDefs"].items():
        page = (HELP_PAGES / f"{node}.md").read_text(encoding="utf-8")
        inputs = [text["name"] for key, text in entry["inputs"].items() if not GROWN.search(key)]
        outputs = [text["name"] for text in entry.get("outputs", {}).values()]
        unexplained += [f"{node}: {name}" for name in inputs + outputs if f"**{name}**" not in page]
        assert page.startswith(f"# {entry['display_name']}\n")
    assert unexplained == []
