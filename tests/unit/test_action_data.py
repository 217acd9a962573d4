import json

import pytest

from shared_world.development.make_action_data import BROKEN, LAYOUTS_FILE, SCRIPTS_FILE, layouts, scripts
from shared_world.world.actions.it_takes_two import LAYOUT
from shared_world.world.actions.script import parse_action_script


def test_page_has_the_layouts_that_there_are():
    assert json.loads(LAYOUTS_FILE.read_text(encoding="utf-8")) == json.loads(json.dumps(layouts()))


def test_scripts_that_the_page_is_tested_with_mean_what_python_reads():
    assert json.loads(SCRIPTS_FILE.read_text(encoding="utf-8")) == json.loads(json.dumps(scripts()))


@pytest.mark.parametrize("text", BROKEN)
def test_scripts_that_the_page_must_refuse_are_refused(text):
    with pytest.raises(ValueError, match="line 1"):
        parse_action_script(text, LAYOUT, None, 5)
