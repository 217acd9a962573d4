import random
import struct

import numpy as np
import pytest
import torch

from shared_world.tests.unit.world.formats.test_mutations import mutated_bytes
from shared_world.tests.unit.world.scene.cameras import random_cloud
from shared_world.tests.unit.world.scene.ply_samples import CARLA, CLOUDCOMPARE, COLMAP, COLOURS, PLACES, SAMPLES
from shared_world.world.scene import PointCloud
from shared_world.world.scene.ply import ply_bytes, read_ply
from shared_world.world.scene.source_points import points_in_world

MUTATIONS = 200


def text(properties, *rows, before=(), count=None):
    """A file of text; `properties` such as "float x"."""
    lines = ["ply", "format ascii 1.0", *before, f"element vertex {len(rows) if count is None else count}"]
    return "\n".join([*lines, *(f"property {entry}" for entry in properties), "end_header", *rows, ""]).encode()


PLACE = ("float x", "float y", "float z")


def test_a_cloud_comes_back_as_it_was_written():
    cloud = random_cloud()
    back = points_in_world(read_ply(ply_bytes(cloud), "scene.ply"))
    assert torch.equal(back.points, cloud.points)
    torch.testing.assert_close(back.colours, cloud.colours, rtol=0.0, atol=0.5 / 255 + 1e-6)
    assert ply_bytes(back) == ply_bytes(cloud)


@pytest.mark.parametrize("sample", SAMPLES)
def test_files_of_other_programs_are_read_as_they_are(sample):
    read = read_ply(SAMPLES[sample], "points.ply")
    assert read.points.dtype == torch.float64
    assert read.points.tolist() == [list(place) for place in PLACES]
    assert read.axes == "y up"
    if sample == "carla":
        assert read.colours is None
    else:
        np.testing.assert_allclose(read.colours, np.array(COLOURS) / 255.0, atol=1e-6)


@pytest.mark.parametrize("line_end", [b"\r\n", b"\r"])
def test_line_ends_of_any_system_are_read(line_end):
    for sample in (CARLA, CLOUDCOMPARE.replace(b"\r\n", b"\n")):
        assert len(read_ply(b"\xef\xbb\xbf" + sample.replace(b"\n", line_end), "points.ply").points) == 3
    header, points = COLMAP.split(b"end_header\n")
    changed = header.replace(b"\n", line_end) + b"end_header" + line_end + points
    assert read_ply(changed, "points.ply").points.tolist() == [list(place) for place in PLACES]


@pytest.mark.parametrize(
    ("kind", "names", "row", "expected"),
    [
        ("uchar", "diffuse_red diffuse_green diffuse_blue", "0 51 255", [0.0, 0.2, 1.0]),
        ("ushort", "red green blue", "0 13107 65535", [0.0, 0.2, 1.0]),
        ("int", "Red Green Blue", "0 51 255", [0.0, 0.2, 1.0]),
        ("uchar", "r g b", "0 1 1", [0.0, 1 / 255, 1 / 255]),
        ("float", "r g b", "0 0.2 1", [0.0, 0.2, 1.0]),
        ("double", "r g b", "0 0.5 1.25", [0.0, 0.5, 1.25]),
        ("float", "red green blue", "0 51 255", [0.0, 0.2, 1.0]),
    ],
)
def test_colours_are_shares_of_white_whatever_their_numbers(kind, names, row, expected):
    colours = [f"{kind} {name}" for name in names.split()]
    read = read_ply(text([*PLACE, *colours], f"1 2 3 {row}"), "points.ply")
    assert read.colours[0].tolist() == pytest.approx(expected)


def test_gaussians_are_points_with_their_opacity_and_axes_of_splats():
    names = ["f_dc_0", "f_dc_1", "f_dc_2", "f_rest_0", "opacity", "scale_0", "rot_0"]
    rows = ["1 2 3 0 1 -1 9 0 0 0", "4 5 6 0 0 0 9 -2.1972246 0 0"]
    read = read_ply(text([*PLACE, *(f"float {name}" for name in names)], *rows), "splat.ply")
    assert read.axes == "opencv"
    assert read.colours[0].tolist() == pytest.approx([0.5, 0.7820948, 0.2179052])
    assert read.opacity.tolist() == pytest.approx([0.5, 0.1])


def test_confidence_of_a_scanner_goes_from_0_to_1():
    rows = [f"0 0 0 {value}" for value in (2.0, 6.0, 3.0)]
    assert read_ply(text([*PLACE, "float confidence"], *rows), "scan.ply").confidence.tolist() == [0.0, 1.0, 0.25]


def test_elements_before_the_points_are_passed_over():
    faces = ("element face 2", "property list uchar int vertex_indices", "element nothing 5")
    file = text(PLACE, "7 8 9", before=faces).replace(b"end_header\n", b"end_header\n3 0 1 2\n4 0 1 2 3\n" + 5 * b"\n")
    assert read_ply(file, "mesh.ply").points.tolist() == [[7.0, 8.0, 9.0]]
    header = text(PLACE, before=faces, count=1).replace(b"ascii", b"binary_little_endian").rstrip(b"\n") + b"\n"
    place = struct.pack("<3f", 7.0, 8.0, 9.0)
    same = struct.pack("<B3iB3i", 3, 0, 1, 2, 3, 2, 1, 0)
    assert read_ply(header + same + place, "mesh.ply").points.tolist() == [[7.0, 8.0, 9.0]]
    mixed = struct.pack("<B3iB4i", 3, 0, 1, 2, 4, 3, 2, 1, 0)
    with pytest.raises(ValueError, match="the lists of element 'face' have no fixed length"):
        read_ply(header + mixed + place, "mesh.ply")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no PLY file"),
        (b"glTF\x02\x00\x00\x00", "is no PLY file"),
        (COLMAP.split(b"end_header")[0], "the header has no line 'end_header'"),
        (CARLA.replace(b"float32 y", b"float y y"), r"line 5: 'property float y y' is no line of a PLY header"),
        (CARLA.replace(b"float32 y", b"quad y"), "line 5: 'property quad y' is no line"),
        (CARLA.replace(b"vertex 3", b"vertex -3"), "line 3: 'element vertex -3' is no line"),
        (CARLA.replace(b"ascii", b"base64"), "line 2: 'format base64 1.0' is no line"),
        (CARLA.replace(b"format ascii 1.0\n", b""), "the header has 0 lines 'format', expected one"),
        (CARLA.replace(b"vertex 3", b"vertex 0"), "holds no points"),
        (CARLA.replace(b"element vertex", b"element chunk"), "holds no points"),
        (CARLA.replace(b"float32 x", b"uint packed"), "the vertices have no x, y and z, only 'packed', 'y', 'z', 'i'"),
        (CARLA.replace(b"10.5", b"ten"), "is not 3 rows of numbers .*'ten'"),
        (CARLA.replace(b"10.5 -4 0.8", b"10.5"), "is not 3 rows of numbers"),
        (CARLA.replace(b"0 10.5 -4 0.8\n", b""), "before the 3 records of element 'vertex' .*, after 2 of them"),
        (CARLA.replace(b"vertex 3", b"vertex 999999999999"), "before the 999999999999 records of element 'vertex'"),
        (COLMAP[:-60], "before the 3 records of element 'vertex' .*, after 1 of them"),
        (COLMAP.replace(b"vertex 3", b"vertex 99999999999999"), "before the 99999999999999 records"),
        (COLMAP.replace(b"float ny", b"list int float ny"), "before the 3 records of element 'vertex'"),
        (text(["list uchar int near", *PLACE], "1 5 7 8 9"), "the lists of element 'vertex' have no fixed length"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_files_name(data, message):
    with pytest.raises(ValueError, match=rf"^points\.ply.*{message}"):
        read_ply(data, "points.ply")


@pytest.mark.parametrize("sample", SAMPLES)
def test_broken_bytes_are_refused_in_a_sentence_or_read(sample):
    refused = 0
    for seed in range(MUTATIONS):
        chance = random.Random(seed)
        data = mutated_bytes(SAMPLES[sample], chance)
        if chance.random() < 0.2:
            data = data[: chance.randrange(len(data) + 1)]
        try:
            cloud = points_in_world(read_ply(data, "broken.ply"))
        except ValueError as error:
            message = str(error)
            assert "\n" not in message
            assert message.endswith(".")
            assert len(message) < 700
            message.encode("utf-8")
            refused += 1
            continue
        assert isinstance(cloud, PointCloud)
    assert refused > MUTATIONS // 4
