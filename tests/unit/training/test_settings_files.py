from dataclasses import asdict, replace
from pathlib import Path

import pytest

import shared_world.training
from shared_world.training.settings import MetaWorldSettings, ShareVerseSettings, VAESettings
from shared_world.training.settings_files import differences, parse_settings, read_settings

CONFIGS = sorted((Path(shared_world.training.__file__).parent / "configs").glob("*.yaml"))
CONFIGS = [path for path in CONFIGS if path.stem != "accelerate_fsdp"]

MINIMAL = """
name: small
output: runs/small
autoencoder: vae.safetensors
loop: {steps: 10, batch_size: 4, micro_batch_size: 2, learning_rate: 1e-3, betas: [0.9, 0.99]}
data: {train: data/train, cache: data/cache}
"""


def write(folder, text, name="small.yaml"):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", CONFIGS, ids=[path.stem for path in CONFIGS])
def test_shipped_configurations_are_complete(path):
    kinds = {"vae": VAESettings, "shareverse": ShareVerseSettings, "metaworld": MetaWorldSettings}
    kind = kinds[path.stem.split("_")[0]]
    settings = read_settings(kind, path)
    assert settings.loop.batch_size % settings.loop.micro_batch_size == 0
    assert settings.name in settings.output


def test_paper_s_recipe():
    path = next(path for path in CONFIGS if path.stem == "shareverse_5b")
    settings = read_settings(ShareVerseSettings, path)
    assert (settings.data.frames, settings.data.interval, settings.data.stride) == (49, 2, 49)
    assert (settings.loop.steps, settings.loop.batch_size, settings.loop.learning_rate) == (10_000, 16, 2e-5)
    assert settings.gradient_checkpointing
    assert settings.random_turn == "none"


@pytest.mark.parametrize("size", ["cpu", "gpu"])
def test_ablations_differ_from_the_full_model_in_one_thing(size):
    paths = {path.stem.removeprefix(f"shareverse_pocket_{size}"): path for path in CONFIGS}
    full = asdict(read_settings(ShareVerseSettings, paths[""]))

    def changes(name):
        return [
            text.split(":")[0] for text in differences(full, asdict(read_settings(ShareVerseSettings, paths[name])))
        ]

    assert changes("_no_cross_agent") == ["options.cross_agent"]
    assert changes("_raw_pose") == ["camera"]
    assert changes("_front") == ["data.views"]


def test_file_extends_another_and_the_command_line_has_the_last_word(tmp_path):
    write(tmp_path, MINIMAL)
    other = write(tmp_path, "extends: small.yaml\nname: other\nloop: {steps: 20, seed: 5}", "other.yaml")
    settings = read_settings(
        ShareVerseSettings, other, ["loop.seed=7", "data.validation=towns", "options={cross_agent: none}"]
    )
    assert (settings.name, settings.output) == ("other", "runs/small")
    assert (settings.loop.steps, settings.loop.seed, settings.loop.batch_size) == (20, 7, 4)
    assert settings.loop.learning_rate == 1e-3
    assert settings.loop.betas == (0.9, 0.99)
    assert settings.data.validation == "towns"
    assert settings.options == {"cross_agent": "none"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("loop.stepz=3", r"unknown entry 'loop\.stepz'; known are steps"),
        ("loop.steps=many", r"'loop\.steps' must be of type int, given 'many'"),
        ("loop.steps=true", r"'loop\.steps' must be of type int"),
        ("loop.decay=wobbly", r"'loop\.decay' must be one of none, linear, cosine, given 'wobbly'"),
        ("loop.betas=[0.9]", r"'loop\.betas' must be a list of 2"),
        ("loop.learning_rate=fast", r"'loop\.learning_rate' must be of type float, given 'fast'"),
        ("data=here", r"'data' must hold entries, given 'here'"),
        ("gradient_checkpointing=1", r"'gradient_checkpointing' must be of type bool"),
        ("loop.steps", r"written entry=value, given 'loop\.steps'"),
        ("name=[", "not YAML"),
    ],
)
def test_wrong_entries_are_named(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        read_settings(ShareVerseSettings, write(tmp_path, MINIMAL), [change])


def test_missing_entries_and_circles_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"the entry 'loop\.steps' is missing"):
        read_settings(ShareVerseSettings, write(tmp_path, MINIMAL.replace("steps: 10, ", "")))
    first = write(tmp_path, "extends: second.yaml", "first.yaml")
    write(tmp_path, "extends: first.yaml", "second.yaml")
    with pytest.raises(ValueError, match="extends itself"):
        read_settings(ShareVerseSettings, first)
    with pytest.raises(ValueError, match="expected entries"):
        read_settings(ShareVerseSettings, write(tmp_path, "- a list", "list.yaml"))


def test_only_what_changes_learning_counts_as_a_difference(tmp_path):
    settings = read_settings(ShareVerseSettings, write(tmp_path, MINIMAL))
    moved = replace(settings, output="elsewhere", data=replace(settings.data, cache="there"))
    assert differences(asdict(settings), asdict(moved)) == []
    longer = replace(settings, loop=replace(settings.loop, steps=99))
    assert differences(asdict(settings), asdict(longer)) == []
    decaying = replace(settings, loop=replace(settings.loop, decay="linear"))
    longer = replace(decaying, loop=replace(decaying.loop, steps=99))
    assert differences(asdict(decaying), asdict(longer)) == ["loop.steps: 10 before, 99 now"]
    cut = replace(settings, options={"cross_agent": "none"})
    assert differences(asdict(settings), asdict(cut)) == ["options.cross_agent: None before, 'none' now"]


def test_lists_of_any_length_are_read(tmp_path):
    values = {
        "name": "small", "output": "out", "autoencoder": "vae", "data": {"train": "t", "cache": "c"},
        "loop": {"steps": 1, "batch_size": 1, "micro_batch_size": 1, "learning_rate": 1},
    }  # fmt: skip
    kept = parse_settings(MetaWorldSettings, {**values, "conditions": {"backgrounds": ["holistic"]}}, "here")
    assert kept.conditions.backgrounds == ("holistic",)
    for wrong, said in (([], "a list of one or more"), (["anchor", "sky"], "one of anchor, holistic, given 'sky'")):
        with pytest.raises(ValueError, match=said):
            parse_settings(MetaWorldSettings, {**values, "conditions": {"backgrounds": wrong}}, "here")
