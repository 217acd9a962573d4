"""Broken glTF files: what is wrong is named, nothing outside of the folder is read, nothing large is made."""

import base64
import json
import math
import struct
from pathlib import Path

import pytest

from shared_world.tests.unit.world.formats.test_gltf import animated, written
from shared_world.world.formats import ReadOptions, read_agents
from shared_world.world.formats import gltf_buffers as buffers_module

DOLLY = Path(__file__).parent / "data" / "dolly.glb"
OPTIONS = ReadOptions(frame_rate=4.0, width=64, height=48)


def straight():
    return animated([0, 1], [[0, 0, 0], [1, 0, 0]])


def put(*keys):
    """A change that sets the item at the path of keys before the last to the last."""
    *path, last, value = keys

    def change(document):
        for key in path:
            document = document[key]
        document[last] = value

    return change


def remove(*keys):
    *path, last = keys

    def change(document):
        for key in path:
            document = document[key]
        del document[last]

    return change


def two_parents(document):
    document["nodes"] += [{"children": [0]}, {"children": [0]}]


def circle(document):
    document["nodes"][0]["children"] = [1]
    document["nodes"].append({"children": [0]})


SHORT = "data:application/octet-stream;base64," + base64.b64encode(b"1234").decode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("asset", "version", "1.0"), r"asset.version: expected glTF 2.0, given '1.0'"),
        (remove("asset"), "top level: 'asset' is missing"),
        (put("nodes", 0, "camera", 7), r"nodes\[0\].camera: expected the index of one of 1 cameras, given 7"),
        (put("nodes", 0, "camera", -1), r"nodes\[0\].camera: expected the index of one of 1 cameras, given -1"),
        (remove("nodes", 0, "camera"), "no node of the file has a perspective camera"),
        (put("nodes", 0, "children", [0]), r"nodes\[0\]: the nodes above it go in a circle"),
        (circle, r"nodes\[0\]: the nodes above it go in a circle"),
        (two_parents, r"nodes\[2\].children\[0\]: nodes\[0\] is a child of nodes\[1\] already"),
        (put("nodes", 0, "children", [5]), r"nodes\[0\].children\[0\]: expected the index of one of 1 nodes, given 5"),
        (put("nodes", 0, "matrix", [1, 0]), r"nodes\[0\]: its translation is animated, which a node with a matrix"),
        (put("nodes", 0, "rotation", [0, 0, 0, 0]), r"nodes\[0\], rotation: a quaternion has length 0"),
        (put("nodes", 0, "rotation", [0, 0, 1]), r"nodes\[0\].rotation: expected a list of 4 numbers"),
        (put("cameras", 0, "perspective", "yfov", 4.0), r"cameras\[0\].perspective.yfov: expected an angle between 0"),
        (put("cameras", 0, "perspective", "yfov", math.nan), "yfov: expected a finite number, given nan"),
        (remove("cameras", 0, "perspective", "yfov"), r"cameras\[0\].perspective: 'yfov' is missing"),
        (put("cameras", 0, "perspective", "aspectRatio", 0), "aspectRatio: expected a width over height between"),
        (
            put("accessors", 1, "count", 3),
            r"accessors\[1\].count: expected at most 2, as many as bufferViews\[1\] holds",
        ),
        (put("accessors", 1, "count", 2**30), r"accessors\[1\].count: expected at most 2, as many as bufferViews\[1\]"),
        (put("accessors", 1, "count", 10**30), r"accessors\[1\].count: expected a whole number from 1 up"),
        (put("accessors", 1, "byteOffset", 2**31 - 1), r"accessors\[1\].count: expected at most 0"),
        (put("accessors", 1, "byteOffset", -4), r"accessors\[1\].byteOffset: expected a whole number from 1 up"),
        (put("accessors", 1, "bufferView", 9), r"bufferView: expected the index of one of 2 bufferViews, given 9"),
        (remove("accessors", 1, "bufferView"), r"accessors\[1\]: 'bufferView' is missing"),
        (put("accessors", 1, "type", "VEC2"), r"accessors\[1\].type: expected 'VEC3', given 'VEC2'"),
        (put("accessors", 1, "componentType", 5125), r"accessors\[1\].componentType: expected one of 5120, "),
        (put("accessors", 1, "componentType", [5126]), r"accessors\[1\].componentType: expected one of .* a list of 1"),
        (put("accessors", 1, "sparse", {"count": 1}), r"accessors\[1\]: sparse accessors are not read"),
        (put("bufferViews", 1, "byteLength", 999), r"bufferViews\[1\].byteLength: expected at most 24, where the buff"),
        (put("bufferViews", 1, "byteStride", 4), r"bufferViews\[1\].byteStride: expected 12 to 252 bytes, given 4"),
        (put("buffers", 0, "byteLength", 999), r"buffers\[0\].byteLength: expected at most 32, the bytes"),
        (put("buffers", 0, "uri", SHORT), r"buffers\[0\].byteLength: expected at most 4, the bytes"),
        (put("buffers", 0, "uri", "data:;base64,???"), r"buffers\[0\].uri: the base64 text is damaged"),
        (put("buffers", 0, "uri", "data:,abc"), r"buffers\[0\].uri: expected data as base64"),
        (remove("buffers", 0, "uri"), r"buffers\[0\]: 'uri' is missing"),
        (
            put("animations", 0, "channels", 0, "target", "node", 4),
            r"target.node: expected the index of one of 1 nodes",
        ),
        (
            put("animations", 0, "channels", 0, "sampler", 4),
            r"channels\[0\].sampler: expected the index of one of 1 sam",
        ),
        (put("animations", 0, "samplers", 0, "interpolation", "SPLINE"), "expected one of LINEAR, STEP, CUBICSPLINE"),
        (
            put("animations", 0, "samplers", 0, "interpolation", "CUBICSPLINE"),
            r"animations\[0\].channels\[0\]: CUBICSPLINE over 2 times needs 6 values, given 2",
        ),
        (put("animations", 0, "channels", 0, "target", "path", "rotation"), r"accessors\[1\].type: expected 'VEC4'"),
    ],
)
def test_a_mistake_is_named_with_its_place(change, message, tmp_path):
    document = straight()
    change(document)
    with pytest.raises(ValueError, match=rf"broken\.gltf: .*{message}"):
        read_agents(written(document, tmp_path), OPTIONS, "gltf")


@pytest.mark.parametrize(
    ("times", "values", "path", "message"),
    [
        ([0, 0], [[0, 0, 0], [1, 0, 0]], "translation", r"channels\[0\], key 1: time 0 s does not come after 0 s"),
        (
            [0, 1],
            [[0, 0, 0], [math.nan, 0, 0]],
            "translation",
            r"accessors\[1\], element 1: expected finite .* given nan",
        ),
        (
            [0, 1],
            [[0, 0, 0, 1], [0, 0, 0, 0]],
            "rotation",
            r"channels\[0\], key 1: the rotation is a quaternion of len",
        ),
        (
            [0, 1e30],
            [[0, 0, 0], [1, 0, 0]],
            "translation",
            r"the animation lasts 1e\+30 s, which at 4 frames per second is too long",
        ),
        ([0, 1e6], [[0, 0, 0], [1, 0, 0]], "translation", "4000001 frames of 1 nodes are too many to read"),
    ],
)
def test_broken_keys_are_named(times, values, path, message, tmp_path):
    with pytest.raises(ValueError, match=rf"broken\.gltf: .*{message}"):
        read_agents(written(animated(times, values, path), tmp_path), OPTIONS)


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.bin",
        "%2e%2e/secret.bin",
        "sub/../../secret.bin",
        "{outside}",
        "..\\secret.bin",
        "file:///{outside}",
        "https://example.com/secret.bin",
        "link.bin",
    ],
)
def test_buffers_outside_of_the_folder_are_not_read(uri, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"\0" * 32)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.bin").symlink_to(secret)
    document = straight()
    document["buffers"][0]["uri"] = uri.replace("{outside}", str(secret))
    with pytest.raises(ValueError, match=r"buffers\[0\].uri: expected a file in the folder of the glTF file"):
        read_agents(written(document, folder), OPTIONS)


@pytest.mark.parametrize("uri", ["absent.bin", "", "%00", "x" * 5000, "loop.bin"])
def test_a_buffer_that_is_not_there_is_named(uri, tmp_path):
    (tmp_path / "loop.bin").symlink_to(tmp_path / "loop.bin")
    document = straight()
    document["buffers"][0]["uri"] = uri
    with pytest.raises(ValueError, match=r"broken\.gltf: buffers\[0\].uri: ") as caught:
        read_agents(written(document, tmp_path), OPTIONS)
    assert len(str(caught.value)) < 700


def test_buffers_that_are_too_large_together_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(buffers_module, "MAXIMUM_BYTES", 40)
    document = straight()
    for index in (0, 1):
        (tmp_path / f"{index}.bin").write_bytes(struct.pack("<8f", *range(8)))
        document["bufferViews"][index]["buffer"] = index
    document["buffers"] = [{"uri": f"{index}.bin", "byteLength": 32} for index in (0, 1)]
    with pytest.raises(ValueError, match=r"buffers\[1\].uri: the buffers have more than 0 MiB in all"):
        read_agents(written(document, tmp_path), OPTIONS)


def glb(*chunks, version=2, length=None):
    body = b"".join(struct.pack("<I4s", len(data), kind) + data for kind, data in chunks)
    return b"glTF" + struct.pack("<II", version, length or 12 + len(body)) + body


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"glTF\2\0\0\0", "the GLB has 8 bytes, fewer than its header"),
        (glb((b"JSON", b"{}"), version=1), "the GLB is of version 1, version 2 is read"),
        (glb((b"JSON", b"{}"), length=999), "the GLB should have 999 bytes, it has 22; the file may be cut off"),
        (glb((b"BIN\0", b"{}")), "the first chunk of the GLB is not JSON"),
        (glb((b"JSON", b"{\xff}")), "byte 1 of the JSON is not UTF-8 text"),
        (glb((b"JSON", b"[1]")), "top level: expected an object, given a list of 1 items"),
        (
            b"glTF" + struct.pack("<III4s", 2, 24, 99, b"JSON") + b"{}  ",
            "chunk 0 of the GLB should have 99 bytes, 4 are",
        ),
        (DOLLY.read_bytes()[:100], "the GLB should have 288 bytes, it has 100"),
    ],
)
def test_a_broken_glb_is_refused(data, message, tmp_path):
    path = tmp_path / "broken.glb"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"broken\.glb: {message}"):
        read_agents(path, OPTIONS)


def test_the_buffer_inside_a_glb_is_read(tmp_path):
    document = straight()
    data = base64.b64decode(document["buffers"][0].pop("uri").partition(",")[2])
    text = json.dumps(document).encode()
    path = tmp_path / "a.glb"
    path.write_bytes(glb((b"JSON", text + b" " * (-len(text) % 4)), (b"BIN\0", data)))
    assert read_agents(path, OPTIONS).members[0].poses[-1, 0, 3] == 1.0
