"""The notes in the example graphs: what a graph does, with which weights and sizes, and what to expect of it."""

from ..models.published_files import PUBLISHED_FILES, PublishedFile
from .model_links import comfyui_link
from .page_graphs import DEPTH_ANYTHING, MOGE, SEGMENT_ANYTHING

POCKET_WEIGHTS = (
    "**Weights:** a small ShareVerse and its VAE that come with the pack; there is nothing to download. They were "
    "trained on towns of the same simulator, in fog for the most part. The graph runs in seconds on a CPU."
)
POCKET_PICTURES = "small, soft pictures: 48x32 pixels for each camera, shown larger"
POCKET_SIZES = (
    "**Sizes:** the pocket model knows 17 frames at 4 per second, ways of 24 to 36 m and tiles of 96x64, and needs no "
    "more than 10 steps. Others run but look worse."
)
LARGE_SIZES = (
    "**Large weights:** ShareVerse's own are not public. With a 5B checkpoint of yours and CogVideoX's VAE: tile width "
    "720, tile height 480, 49 frames, 50 steps"
)

IT_TAKES_TWO = "multiworld_480p_fulldata.safetensors"
ROBOTS = "multiworld_320p_robots.safetensors"
VGGT, WAN_VAE = "vggt_1b.safetensors", "wan2.2_vae.safetensors"


def _published(name: str) -> PublishedFile:
    return next(file for file in PUBLISHED_FILES.values() if file.name == name)


def _multiworld_files(model: str) -> tuple[str, str]:
    """Two lines: what a graph needs of others, and under which licences."""
    files = [_published(name) for name in (model, VGGT, WAN_VAE)]
    listed = ", ".join(f"`models/{file.kind}/{file.name}` ({file.size / 1e9:.1f} GB)" for file in files)
    named = zip(("MultiWorld", "VGGT-1B", "Wan 2.2's VAE"), files, strict=True)
    licences = " ".join(f"{name}: {file.licence.summary}." for name, file in named)
    return (
        f"**Files:** {listed}. The node *Download Published File* fetches them. If a browser does, it calls VGGT's "
        f"`{_published(VGGT).path}`: rename it. A GPU is needed.",
        f"**Licences:** {licences}",
    )


CHECKED = (
    "At small sizes every stage was checked number for number against the released program; with the published weights "
    "we have not run it."
)
OWN_INPUTS = "Copy the pack's `workflows/inputs` into ComfyUI's `input` folder, or load your own"


def _metaworld_weights(*comfyui_files: str) -> str:
    links = [comfyui_link(name) for name in comfyui_files]
    needed = " and ".join(f"[{link['name']}]({link['url']}) (`models/{link['directory']}`)" for link in links)
    return (
        f"**Weights:** {needed + '. ' if needed else ''}MetaWorld's are not public. As it is, the graph names the tiny "
        "model with random weights that `make demo` and the tests write; it does not come with the pack, and what it "
        "generates is noise. *Extend Base Model* makes an untrained start from Phantom-Wan, with ComfyUI's "
        "`wan_2.1_vae.safetensors`."
    )


METAWORLD_SIZES = (
    "**Real sizes:** width 832, height 480, 81 frames at 25 per second; 40 steps, euler, metaworld, cfg 5 and `ring` "
    "are as published. *point_size* 0.005 is the release's."
)
OWN_PHOTOGRAPH = (
    "**Your own:** copy the pack's `workflows/inputs` into ComfyUI's `input` folder, or load your photograph, and in "
    "place of the depth picture connect ComfyUI's *Load MoGe Model* → *Run MoGe Inference* (MoGe 2) to *depth*; set "
    "*horizontal_fov* 0 and the height of your camera."
)

NOTES = {
    "metaworld_two_agents_photo": (
        "**What it does:** one photograph becomes, with the depth that MoGe 2 estimates, a scene through which two "
        "cars drive. Each car's camera is drawn along its path as colours and depth, with the other car as a blue "
        "blob; MetaWorld makes of these, and of a picture of each car, both cars' videos together.",
        _metaworld_weights(MOGE),
        "**What to expect:** scene, paths and condition videos are real: red sees blue come out of the street on the "
        "left, blue sees red wait. What the photograph does not show is black there and left to the model.",
        METAWORLD_SIZES,
        "**Your own:** copy the pack's `workflows/inputs` into ComfyUI's `input` folder, or load your photograph and "
        "set the height of your camera. If you have its depth as a grey picture, connect that to *depth* in place of "
        "MoGe, as `workflows/api` does.",
    ),
    "metaworld_three_agents_ring": (
        "**What it does:** three cars in the scene of one photograph. Each is shown the other two, as blobs and by "
        "their pictures. In a `ring` each video attends to one other in every block, so that what one shows reaches "
        "all others within two blocks, at a cost that grows with the cars, not with their pairs.",
        _metaworld_weights(),
        "**What to expect:** scene, paths and condition videos are real. Compare `ring` with `all` and `none` in the "
        "sampler, once there are weights.",
        METAWORLD_SIZES,
        OWN_PHOTOGRAPH,
    ),
    "metaworld_free_roam": (
        "**What it does:** two cameras fly through the scene of one photograph, from the same place on different ways. "
        "Nobody is seen and no identities are given, but both videos show one world.",
        _metaworld_weights(),
        "**What to expect:** scene, flights and condition videos are real. Without identities both conditionings are "
        "equal, so that cfg has no effect.",
        METAWORLD_SIZES,
        OWN_PHOTOGRAPH,
    ),
    "metaworld_unroll_video": (
        "**What it does:** one video, filmed from a car, is taken apart: where the camera and the red car went, what "
        "the red car looks like, and the street without it. What each car sees of that street then tells MetaWorld "
        "what to make: both cars' videos, of which only one was filmed.",
        _metaworld_weights(DEPTH_ANYTHING, SEGMENT_ANYTHING),
        "**What to expect:** paths, scene, pictures and condition videos are real. With true depth, masks and camera "
        "in place of the two models, as in the thumbnail, the red car is found within 0.4 m. Where it turns off, it "
        "sees what was never filmed, which is black and left to the model. *Save Unrolled Video* writes a clip for "
        "training; `python -m shared_world unroll` does that for many videos.",
        METAWORLD_SIZES,
        "**Your own:** copy the pack's `workflows/inputs` into ComfyUI's `input` folder, or load your video, set the "
        "height of its camera and say what moves. If you have depth, masks or the camera's way already, connect "
        "those, as `workflows/api` does.",
    ),
    "multiworld_it_takes_two": (
        "**What it does:** from one split-screen picture of a game for two players, and what each presses, MultiWorld "
        "makes both players' videos together: 81 frames at 60 per second.",
        *_multiworld_files(IT_TAKES_TWO),
        f"**What to expect:** {CHECKED} The model knows the game It Takes Two, no towns: a frame of the game will look "
        "better than our picture. It sees the keys as a set, not their moments.",
        f"**Your own:** {OWN_INPUTS}: 960x480, the left player's half first. *Action Script* takes other keys. Sizes, "
        "50 steps, euler, multiworld and cfg 1 are as published.",
    ),
    "multiworld_robots": (
        "**What it does:** from one picture of each of three cameras, and recorded joints of two Panda arms, "
        "MultiWorld makes the three cameras' videos together, 81 frames each.",
        *_multiworld_files(ROBOTS),
        f"**What to expect:** {CHECKED} The pictures show the arms as the joints of the first frame say, but the model "
        "knows other tables than ours.",
        f"**Your own:** {OWN_INPUTS}: pictures in the proportions of 320x256, joints as .npy (arms, frames, 8), one "
        ".npy of 16 numbers per camera. What the published cameras' last twelve mean is not documented; ours are the "
        "3x4 world-to-camera matrix. 35 steps are as published.",
    ),
    "multiworld_long_rollout": (
        "**What it does:** 241 frames of both players of a game for two, in three chunks of 81: each begins with the "
        "last frames of the one before, and the state of the world is read anew.",
        *_multiworld_files(IT_TAKES_TWO),
        f"**What to expect:** {CHECKED} Errors add up from chunk to chunk. Finished chunks are kept in the output "
        "folder, also if you interrupt; *continue_from* goes on.",
        f"**Your own:** {OWN_INPUTS}: 960x480, the left player's half first. For n chunks write actions of 80n + 1 "
        "frames; with *chunks* 0 the actions decide.",
    ),
    "pocket_two_agents": (
        "**What it does:** two cars pass each other in a simulated town that the model has never seen. From the first "
        "frame of each car's four cameras and the camera paths, it makes all eight videos together.",
        POCKET_WEIGHTS,
        f"**What to expect:** {POCKET_PICTURES}, generated above and true below. At first the fog hides from each car "
        "what the other one stands before; it comes into view all the same, since they share one world. The table says "
        "how well; one clip is a sample only.",
        POCKET_SIZES,
        "**Your own:** change town, preset, seed or weather in *Pocket Town*. With topology `none` in the sampler each "
        "car is on its own: compare.",
    ),
    "pocket_metaworld": (
        "**What it does:** two cars pass each other in a simulated town that the model has never seen. It is told what "
        "the first frames show as points, where the other car is as a blue blob, and what it looks like as a picture "
        "on white, and makes both drivers' videos together.",
        "**Weights:** a small MetaWorld and its VAE that come with the pack; there is nothing to download. They were "
        "trained from scratch on towns of the same simulator.",
        "**What to expect:** small, soft pictures, 96x64 pixels: told above, generated in the middle, true below. The "
        "other car comes in its place and colour; what no first frame shows is invented.",
        "**Sizes:** the model knows 17 frames at 4 per second, ways of 10 to 18 m and fog of 25 to 60 m, and needs no "
        "more than 20 steps.",
        "**Your own:** change town, preset, seed or colours in *Pocket Town*. *scene_from* `all frames` tells it the "
        "whole way. With topology `none` in the sampler each driver is on its own: compare.",
    ),
    "draw_and_play": (
        "**What it does:** two cars cross in a simulated town. *Run* once: their ways appear in *Draw Agents*. Draw "
        "others, run again, and *Agents Player* plays the eight generated videos in step.",
        POCKET_WEIGHTS,
        "**Drawing:** click the map, drag waypoints, their diamonds in the timeline, or the knob that turns a car; `?` "
        "lists all keys. Leave each car's first waypoint where it is: that is where its first pictures were taken.",
        POCKET_SIZES,
        f"**What to expect:** {POCKET_PICTURES}. Compare with *the town's own drive*: the same until you draw another "
        "way. Delete all agents, or undo back to the start, to begin with the town's cars again.",
    ),
    "pocket_photograph": (
        "**What it does:** paints a photograph on a building of a simulated town. Agent 2 sees it in its first frame. "
        "Agent 1 comes past at the end: what its left camera shows then, it can have from agent 2 only.",
        POCKET_WEIGHTS,
        f"**What to expect:** {POCKET_PICTURES}, generated above and true below. The model knows painted houses, no "
        "photographs: look for the colours in their places, not for details.",
        POCKET_SIZES,
        "**Your own:** load any picture in *Your photograph*; large areas of colour come out best. "
        "*photograph_seen_by* in *Pocket Town* chooses who sees it first.",
    ),
    "shareverse_two_agents": (
        "**What it does:** two cars meet at a crossroads, each with four cameras. ShareVerse generates all eight "
        "videos together, from one first tile per car and the camera paths.",
        POCKET_WEIGHTS,
        f"**What to expect:** {POCKET_PICTURES}. {POCKET_SIZES.replace('**Sizes:** the', 'The')}",
        f"{LARGE_SIZES}; frame rate 8, in *Create Video* too, and speed 5 for the same way.",
        "**First tiles:** front and rear above left and right, in one picture. Copy the pack's `workflows/inputs` into "
        "ComfyUI's `input` folder, or load your own.",
    ),
    "shareverse_from_file": (
        "**What it does:** reads the paths of two cars from a CARLA log, 17 frames at 4 per second, and joins the four "
        "first views of each car into its first tile.",
        POCKET_WEIGHTS,
        f"**What to expect:** {POCKET_PICTURES}. {POCKET_SIZES.replace('**Sizes:** the', 'The')}",
        f"{LARGE_SIZES}; frame rate 8, that of the log, in *Create Video* too.",
        "**Files:** copy the pack's `workflows/inputs` into ComfyUI's `input` folder, or your own log and views. The "
        "views must show what the log's cameras see at the first frame.",
    ),
    "agents_from_anything": (
        "**What it does:** three sources meet in one world: two cars from a CARLA log, the camera of somebody who "
        "walks from a RealEstate10K file, and a camera of ComfyUI's 3D viewer on a mast. Each comes in other axes.",
        "**What to expect:** one map, one report, and what all ten cameras see in a simulated town: the walker and the "
        "mast see the cars where the cars' own cameras say that they are. Nothing is generated; there is no model.",
        "**Look for mistakes:** set *inverted* or *camera_axes* `opengl` in the walker's *Load Agents File*. *Check "
        "Agents* warns, shows it from the side, and says which reading fits.",
        "**Files:** copy the pack's `workflows/inputs` into ComfyUI's `input` folder, or load your own. A source with "
        "its own origin or unit is put in its place with *metres_per_unit*, *up*, *forward*, *right* and *turn*.",
        "**Go on:** give all the same cameras with *Camera Rig* and connect them to *Raymap Builder*, or hand them to "
        "other nodes with *Agents To Cameras*, *Agents To Wan Camera* or *Agents To Tracks*.",
    ),
    "shareverse_extend_base": (
        "**What it does:** adds ShareVerse's untrained modules to a CogVideoX-I2V model, saves them in "
        "`models/diffusion_models` as a start for training, and runs the result.",
        "**What to expect:** until it is trained it behaves exactly like the base model: the cars do not know of each "
        "other and the raymaps have no effect.",
        "**As it is:** the tiny base with random weights that `make demo` and the tests write; it does not come with "
        "the pack. What it generates is noise.",
        "**Real weights:** choose CogVideoX-5B-I2V in *Extend Base Model* and CogVideoX's VAE in *Load VAE*. "
        "ShareVerse's own weights are not public.",
        "**Real sizes:** tile width 720, tile height 480, 49 frames at frame rate 8 and speed 5, 50 steps, euler, "
        "simple, cfg 1.",
    ),
}
"""Five lines of Markdown per graph."""


def note(graph: str) -> str:
    """Return a graph's note."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(NOTES[graph], start=1))
