"""Broken files of every format: 200 random mutations each, none of which may end in anything but a clear refusal."""

import copy
import json
import random
import shutil
from pathlib import Path

import pytest

from shared_world.tests.unit.world.formats.samples import COMPANIONS, DATA, OPTIONS, SAMPLES
from shared_world.world.agents import Agents
from shared_world.world.formats import all_formats, read_agents

FORMATS = SAMPLES | COMPANIONS
MUTATIONS = 200
STRANGE_BYTES = [
    b"\x00",
    b"\xff",
    b'"',
    b"\n",
    b"\r",
    b",",
    b"[",
    b"}",
    b"-",
    b"1e308",
    b"nan",
    b"Infinity",
    b"\\ud800",
    b"#",
]
STRANGE_VALUES = [None, True, "", "x", [], {}, -1, 0, 1e308, 5e-324, 10**30, float("nan"), [[]], {"x": 1}, "9" * 50]


def mutated_bytes(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        stop = min(len(data), start + chance.choice([1, 1, 2, 20, 200]))
        new = chance.choice([b"", chance.choice(STRANGE_BYTES), bytes([chance.randrange(256)]), 2 * data[start:stop]])
        data = data[:start] + new if chance.random() < 0.1 else data[:start] + new + data[stop:]
    return data


def mutated_values(text: str, chance: random.Random):
    """The document of a JSON text with one to three nodes anywhere replaced, removed or doubled."""
    document = json.loads(text)
    for _ in range(chance.randint(1, 3)):
        nodes = []

        def collect(value, nodes=nodes):
            if isinstance(value, dict | list) and value:
                keys = list(value) if isinstance(value, dict) else list(range(len(value)))
                nodes.extend((value, key) for key in keys)
                for key in keys:
                    collect(value[key])

        collect(document)
        if not nodes:
            break
        holder, key = chance.choice(nodes)
        action = chance.random()
        if action < 0.3:
            del holder[key]
        elif action < 0.4 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[key] = copy.deepcopy(chance.choice(STRANGE_VALUES))
    return document


def check(path: Path, format_id: str) -> bool:
    """Read a file; true where it is refused as it should be."""
    try:
        agents = read_agents(path, OPTIONS, format_id)
    except (ValueError, OSError) as error:
        message = str(error)
        assert path.name in message
        assert "\n" not in message
        assert message.endswith(".")
        assert len(message) < 700
        message.encode("utf-8")
        return True
    assert isinstance(agents, Agents)
    return False


def copied(file: str, folder: Path) -> Path:
    """A copy of a sample with what belongs to it."""
    if "/" in file:
        shutil.copytree((DATA / file).parent, folder / "sample")
        return folder / "sample" / Path(file).name
    return Path(shutil.copy(DATA / file, folder / f"broken{Path(file).suffix}"))


def test_every_format_has_a_sample():
    assert set(SAMPLES.values()) == set(all_formats())


@pytest.mark.parametrize("file", FORMATS)
def test_broken_bytes(file, tmp_path):
    data = (DATA / file).read_bytes()
    path = copied(file, tmp_path)
    refused = 0
    for seed in range(MUTATIONS):
        path.write_bytes(mutated_bytes(data, random.Random(seed)))
        refused += check(path, FORMATS[file] if seed % 2 else None)
    assert refused > MUTATIONS // 4


@pytest.mark.parametrize("file", [file for file in FORMATS if file.endswith((".json", ".jsonl", ".gltf"))])
def test_broken_values(file, tmp_path):
    text = (DATA / file).read_text()
    by_line = file.endswith(".jsonl")
    if by_line:
        text = f"[{','.join(line for line in text.splitlines() if line.startswith('{'))}]"
    path = copied(file, tmp_path)
    refused = 0
    for seed in range(MUTATIONS):
        broken = mutated_values(text, random.Random(seed))
        path.write_text("\n".join(map(json.dumps, broken)) if by_line else json.dumps(broken))
        refused += check(path, FORMATS[file])
    assert refused > MUTATIONS // 4
