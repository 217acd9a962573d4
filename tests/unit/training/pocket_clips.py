"""A tiny data set of Pocket Town's clips with one view per car."""

from shared_world.pocket.dataset import DataSet, make_data_set
from shared_world.pocket.recipe import ClipOptions

OPTIONS = ClipOptions(
    layout="crossroads",
    frames=5,
    frame_rate=4.0,
    height=16,
    width=32,
    samples=1,
    presets=("crossing", "head_on"),
    fog=(60.0,),
    travel=(8.0, 10.0),
    colours=("red", "blue", "yellow", "green"),
    draw_colours=True,
    front_only=True,
)


def make_pocket_clips(folder, clips, split="train", **changes):
    """Make a data set; returns its folder."""
    data_set = DataSet(folder, split, ClipOptions(**{**OPTIONS.to_dict(), **changes}))
    make_data_set(data_set, clips)
    return folder
