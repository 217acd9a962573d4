import json
import logging

import numpy as np
import pytest
import torch
from PIL import Image

from shared_world.world.tiles import (
    SINGLE_VIEW,
    STRIP,
    TILE_LAYOUTS,
    TWO_BY_TWO,
    TileLayout,
    join_images,
    join_views,
    split_images,
    split_views,
)


def marked(*shape: int) -> torch.Tensor:
    return torch.arange(int(np.prod(shape)), dtype=torch.float32).reshape(shape)


def test_two_by_two_puts_front_and_rear_above_left_and_right():
    assert TWO_BY_TWO.view_order == ("front", "rear", "left", "right")
    views = marked(4, 2, 3)
    tile = join_views(views)
    assert torch.equal(tile[:2, :3], views[0])
    assert torch.equal(tile[:2, 3:], views[1])
    assert torch.equal(tile[2:, :3], views[2])
    assert torch.equal(tile[2:, 3:], views[3])


def test_strip_runs_left_to_right():
    views = marked(4, 2, 3)
    assert torch.equal(join_views(views, STRIP), torch.cat(list(views), dim=1))


def test_layouts_that_are_not_square_fill_row_by_row():
    layout = TileLayout(3, 2, ("a", "b", "c", "d", "e", "f"))
    tile = join_views(marked(6, 1, 1), layout)
    assert tile.tolist() == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize("name", ["2x2", "1x4", "1x1"])
@pytest.mark.parametrize("leading", [(), (3,), (2, 16, 5)], ids=["plane", "frames", "latent"])
def test_splitting_inverts_joining(name, leading):
    layout = TILE_LAYOUTS[name]
    views = torch.randn(*leading, layout.slots, 4, 6, generator=torch.Generator().manual_seed(0)).half()
    tile = join_views(views, layout)
    assert tile.shape == (*leading, 4 * layout.rows, 6 * layout.columns)
    assert tile.dtype == torch.float16
    assert torch.equal(split_views(tile, layout), views)
    assert torch.equal(join_views(split_views(tile, layout), layout), tile)


@pytest.mark.parametrize(("name", "size"), [("2x2", (8, 12)), ("1x4", (4, 24)), ("1x1", (8, 12))])
def test_tile_of_pictures_has_the_documented_size(name, size):
    layout = TILE_LAYOUTS[name]
    tile = join_images(torch.rand(2, 5, layout.slots, 8, 12, 3), layout)
    assert tile.shape == (2, 5, *size, 3)


@pytest.mark.parametrize("target", [None, (20, 30)], ids=["halved", "own size"])
def test_pictures_are_shrunk_with_pillows_antialiased_filter(target):
    views = torch.rand(2, 4, 24, 36, 3, generator=torch.Generator().manual_seed(1))
    tile = join_images(views, TWO_BY_TWO, target)
    height, width = (12, 18) if target is None else (target[0] // 2, target[1] // 2)
    slots = split_images(tile)
    assert slots.shape == (2, 4, height, width, 3)
    for frame, view, channel in np.ndindex(2, 4, 3):
        plane = Image.fromarray(views[frame, view, :, :, channel].numpy())
        expected = np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR))
        np.testing.assert_allclose(slots[frame, view, :, :, channel].numpy(), expected, atol=1e-6)


def test_fine_stripes_do_not_alias():
    stripes = torch.zeros(4, 8, 16, 3)
    stripes[:, :, ::2] = 1.0
    inner = split_images(join_images(stripes))[:, :, 1:-1]
    torch.testing.assert_close(inner, torch.full_like(inner, 0.5))


def test_single_view_is_passed_on_unchanged():
    picture = torch.rand(3, 1, 7, 5, 3)
    assert torch.equal(join_images(picture, SINGLE_VIEW), picture[:, 0])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_pictures_keep_their_dtype(dtype):
    views = torch.rand(4, 4, 6, 3)
    tile = join_images(views.to(dtype))
    assert tile.dtype == dtype
    torch.testing.assert_close(tile.float(), join_images(views), atol=1e-2, rtol=0)


@pytest.mark.parametrize("views", [3, 5])
def test_wrong_number_of_views_is_refused(views):
    with pytest.raises(ValueError, match=f"2x2 tile joins 4 views.*given \\({views}, 4, 6\\)"):
        join_views(torch.zeros(views, 4, 6))
    with pytest.raises(ValueError, match="1x4 tile joins 4 views"):
        join_images(torch.zeros(views, 4, 6, 3), STRIP)


def test_odd_pictures_name_the_sizes_that_fit():
    with pytest.raises(ValueError, match=r"height 481 cannot be halved.*480 or 482"):
        join_images(torch.zeros(4, 481, 720, 3))
    with pytest.raises(ValueError, match=r"width 719 cannot be halved.*718 or 720"):
        join_images(torch.zeros(4, 480, 719, 3))
    with pytest.raises(ValueError, match=r"width 1 cannot be halved.*nearest 2"):
        join_images(torch.zeros(4, 2, 1, 3))


def test_tiles_that_do_not_split_name_the_sizes_that_fit():
    with pytest.raises(ValueError, match=r"1x4 tile of height 30 and width 182.*multiple of 4, nearest 180 or 184"):
        split_views(torch.zeros(30, 182), STRIP)
    with pytest.raises(ValueError, match="height must be a multiple of 2, nearest 60 or 62"):
        split_images(torch.zeros(61, 90, 3))
    with pytest.raises(ValueError, match="height must be a multiple of 2, nearest 60 or 62"):
        join_images(torch.zeros(4, 60, 90, 3), TWO_BY_TWO, (61, 90))


def test_views_are_found_by_name_whatever_their_order():
    assert TWO_BY_TWO.view_indices(["left", "front", "right", "rear"], "agent 'red'") == [1, 3, 0, 2]
    assert SINGLE_VIEW.view_indices(["rear", "front"], "agent 'red'") == [1]


def test_views_with_other_names_keep_their_order_and_warn(caplog):
    with caplog.at_level(logging.WARNING):
        assert TWO_BY_TWO.view_indices(["a", "b", "c", "d"], "agent 'red'") == [0, 1, 2, 3]
    assert "agent 'red' has views a, b, c, d" in caplog.text


def test_a_single_view_may_have_any_name(caplog):
    assert SINGLE_VIEW.view_indices(["camera"], "agent 'red'") == [0]
    assert not caplog.records


def test_too_few_views_name_the_owner():
    with pytest.raises(ValueError, match=r"agent 'red' has 2 views .front, rear., a 2x2 tile needs 4"):
        TWO_BY_TWO.view_indices(["front", "rear"], "agent 'red'")


@pytest.mark.parametrize("layout", [TWO_BY_TWO, STRIP, TileLayout(1, 4, ("left", "front", "right", "rear"))])
def test_layouts_survive_json(layout):
    assert TileLayout.from_dict(json.loads(json.dumps(layout.to_dict()))) == layout


@pytest.mark.parametrize(
    ("rows", "columns", "order", "message"),
    [
        (0, 4, (), "at least one row"),
        (2, 2, ("front", "rear"), "needs 4 view names, given 2"),
        (1, 2, ("front", "front"), "shows every view once"),
    ],
)
def test_impossible_layouts_are_refused(rows, columns, order, message):
    with pytest.raises(ValueError, match=message):
        TileLayout(rows, columns, order)


def test_layouts_with_foreign_keys_are_refused():
    with pytest.raises(ValueError, match=r"given \['columns', 'rows'\]"):
        TileLayout.from_dict({"rows": 1, "columns": 1})
