"""Pocket Town as a node: a small simulated town with exact ground truth."""

import logging
from functools import partial

from comfy_api.latest import io
from torch import Tensor

from ..pocket.car_shape import CAR_COLOURS
from ..pocket.ground_truth import known_clip
from ..pocket.landmarks import SEEN_BY, find_landmark
from ..pocket.photograph import Photograph
from ..pocket.recipe import ClipOptions, Recipe, draw_wanted_recipe, render_clip
from ..pocket.road_layouts import LAYOUTS
from ..pocket.scenes import clip_background, clip_portraits
from ..pocket.splits import SPLITS, town_seed
from ..pocket.weather import WEATHERS
from ..world.encounters import ENCOUNTERS
from ..world.scene import Scene
from ..world.tiles import split_images
from .sockets import AgentsSocket, GroundTruth, GroundTruthSocket, SceneSocket
from .views import view_labels

CATEGORY = "Shared World/pocket town"

ANY = "any"
OWN_FOG = 0.0

VIEWS = ("four", "front")
SCENE_FROM = ("first frames", "all frames")

logger = logging.getLogger(__name__)


def clip_inputs() -> list[io.Input]:
    """Where the clip plays and how long it is."""
    return [
        io.Combo.Input(
            "split",
            options=list(SPLITS),
            default="test",
            tooltip="Which towns: those of 'test' were never trained on. A town of 'train' shows what a model remembers.",
        ),
        io.Int.Input(
            "town",
            default=0,
            min=0,
            max=2**31 - 1,
            tooltip="Number of the town within the split; 100000 towns in test and in validation.",
        ),
        io.Combo.Input(
            "preset",
            options=[*ENCOUNTERS, ANY],
            tooltip="How the two cars meet. any: drawn with the seed. "
            + " ".join(f"{name}: {kind.summary}" for name, kind in ENCOUNTERS.items()),
        ),
        io.Int.Input(
            "seed",
            default=0,
            min=0,
            max=2**31 - 1,
            control_after_generate=True,
            tooltip="Draws the place in the town, where on their way the cars meet, and all that is 'any'.",
        ),
        io.Combo.Input(
            "weather", options=[*WEATHERS, ANY], default="sunny", tooltip="Light and sky. any: drawn with the seed."
        ),
        io.Float.Input(
            "fog_distance",
            default=18.0,
            min=0.0,
            max=1000.0,
            step=1.0,
            tooltip="Metres after which fog leaves 37 percent of the light. In dense fog the agents see different "
            "buildings at first, and have something to tell each other. 0 takes what the weather has.",
        ),
        io.Int.Input(
            "frames",
            default=17,
            min=1,
            max=4097,
            step=4,
            tooltip="Number of frames, 4k+1. The pocket model was trained on 17.",
        ),
        io.Float.Input(
            "frame_rate",
            default=4.0,
            min=0.1,
            max=240.0,
            step=0.1,
            tooltip="Frames per second of the clip. The pocket model was trained on 4.",
        ),
        io.Float.Input(
            "travel",
            default=30.0,
            min=1.0,
            max=1000.0,
            step=0.5,
            tooltip="Metres that each car drives from the first frame to the last. The pocket model knows 24 to 36.",
        ),
    ]


def picture_inputs() -> list[io.Input]:
    """How the clip is drawn."""
    colours = list(CAR_COLOURS)
    return [
        io.Int.Input(
            "view_width",
            default=48,
            min=16,
            max=2048,
            step=16,
            tooltip="Width in pixels of each view; a tile of four views is twice as wide. The pocket model knows 48.",
        ),
        io.Int.Input(
            "view_height",
            default=32,
            min=16,
            max=2048,
            step=16,
            tooltip="Height in pixels of each view; a tile is twice as high. The pocket model knows 32.",
        ),
        io.Combo.Input(
            "first_car",
            options=colours,
            tooltip="Colour of agent 1's car. With one colour for both, a model cannot tell by it who is who.",
        ),
        io.Combo.Input("second_car", options=colours, tooltip="Colour of agent 2's car."),
        io.Int.Input(
            "samples",
            default=3,
            min=1,
            max=64,
            advanced=True,
            tooltip="Rays per pixel: more are smoother and take longer.",
        ),
        io.Combo.Input(
            "layout",
            options=list(LAYOUTS),
            default="town",
            advanced=True,
            tooltip="Roads. town: four junctions, as in training; the others are a single piece of road, on which not every "
            "preset fits.",
        ),
        io.Image.Input(
            "photograph",
            optional=True,
            tooltip="Your picture, painted on the walls of one building. Of a batch the first is taken.",
        ),
        io.Combo.Input(
            "photograph_seen_by",
            options=list(SEEN_BY),
            optional=True,
            tooltip="Who sees the building with the photograph in the first frame. 'only agent 2' takes one that agent 1 "
            "comes to later, so that only its partner can tell what is on it.",
        ),
        io.Int.Input(
            "building",
            default=0,
            min=0,
            max=999,
            optional=True,
            advanced=True,
            tooltip="Instance number of the building with the photograph, from 2; 0 chooses one by photograph_seen_by.",
        ),
        io.Combo.Input(
            "views",
            options=list(VIEWS),
            optional=True,
            tooltip="Cameras of each car: 'four' in a tile, as ShareVerse takes them, or 'front' alone for MetaWorld.",
        ),
        io.Combo.Input(
            "scene_from",
            options=list(SCENE_FROM),
            optional=True,
            tooltip="Which of the front views the output 'scene' is made of: 'first frames' leaves it to a model to "
            "invent what the cars come to later, 'all frames' shows the whole way.",
        ),
    ]


class PocketTown(io.ComfyNode):
    """A clip of two cars in a simulated town."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldPocketTown",
            display_name="Pocket Town",
            category=CATEGORY,
            description=(
                "Two cars that meet in a small simulated town: their paths and cameras, the first frames that a model "
                "starts from, and what the cameras really see, with all that an evaluation needs to know."
            ),
            search_aliases=["simulator", "synthetic town", "ground truth", "test clip", "first frame"],
            inputs=[*clip_inputs(), *picture_inputs()],
            outputs=[
                AgentsSocket.Output(id="agents", display_name="agents", tooltip="Both cars, with four cameras each."),
                io.Image.Output(
                    id="first_frames",
                    display_name="first_frames",
                    tooltip="First tile of each agent in one batch, for ShareVerse Conditioning.",
                ),
                io.Image.Output(
                    id="ground_truth",
                    display_name="ground_truth",
                    is_output_list=True,
                    tooltip="What each agent and view really sees, agent by agent, as the images of Split Agents.",
                ),
                io.String.Output(
                    id="labels",
                    display_name="labels",
                    is_output_list=True,
                    tooltip="Agent and view of each item, such as 'agent 1 front'.",
                ),
                GroundTruthSocket.Output(
                    id="truth",
                    display_name="truth",
                    tooltip="Pictures, depth, instances and fog of the clip, for Evaluate Shared World.",
                ),
                SceneSocket.Output(
                    id="scene",
                    display_name="scene",
                    tooltip="The town without the cars, as points, for Render Condition Videos.",
                ),
                io.Image.Output(
                    id="portraits",
                    display_name="portraits",
                    tooltip="Each car alone, with opacity, one picture per agent: for Get Image from Batch and Agent Identity.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        split: str,
        town: int,
        preset: str,
        seed: int,
        weather: str,
        fog_distance: float,
        frames: int,
        frame_rate: float,
        travel: float,
        view_width: int,
        view_height: int,
        first_car: str,
        second_car: str,
        samples: int,
        layout: str,
        photograph: Tensor | None = None,
        photograph_seen_by: str = SEEN_BY[0],
        building: int = 0,
        views: str = VIEWS[0],
        scene_from: str = SCENE_FROM[0],
    ) -> io.NodeOutput:
        options = ClipOptions(
            layout=layout,
            frames=frames,
            frame_rate=frame_rate,
            height=view_height,
            width=view_width,
            samples=samples,
            presets=tuple(ENCOUNTERS) if preset == ANY else (preset,),
            weathers=tuple(WEATHERS) if weather == ANY else (weather,),
            fog=(None if fog_distance == OWN_FOG else fog_distance,),
            travel=(travel,),
            colours=(first_car, second_car),
            front_only=views == VIEWS[1],
        )
        recipe = draw_wanted_recipe(options, town_seed(split, town), seed)
        painted = None if photograph is None else on_building(photograph, recipe, photograph_seen_by, building)
        clip = render_clip(recipe, photograph=painted)
        tiles = clip.tiles.float() / 255.0
        tile = recipe.tile_layout()
        pictures = [view for agent in split_images(tiles, tile) for view in agent.unbind(dim=1)]
        labels = [label for names in view_labels(tile, len(tiles), clip.agents) for label in names]
        truth = GroundTruth(clip.agents, partial(known_clip, clip, without_others=True, photograph=painted))
        scene = Scene(clip_background(clip, first_frames_alone=scene_from == SCENE_FROM[0]))
        return io.NodeOutput(clip.agents, tiles[:, 0], pictures, labels, truth, scene, clip_portraits(recipe))


def on_building(pictures: Tensor, recipe: Recipe, seen_by: str, building: int) -> Photograph:
    """The first of a batch of pictures on a building, or with building 0 on one that is chosen by who sees it."""
    town = recipe.town()
    number = building or find_landmark(recipe, town, recipe.agents(town), seen_by)
    logger.info("The photograph is on building %d.", number)
    return Photograph(pictures[0, ..., :3].float(), (number,))
