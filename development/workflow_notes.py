"""The notes in the example graphs: what a graph does, which weights and sizes to choose, what to expect."""

TINY = (
    "**As it is:** the tiny checkpoints that `make demo` writes have random weights. The graph runs in seconds on a "
    "CPU; what it generates is noise."
)
REAL_WEIGHTS = (
    "**Real weights:** ShareVerse's are not public. With a checkpoint of your own choose it in *Load Multi-Agent "
    "Model* (and CogVideoX-5B-I2V as its base, if it holds the extra modules only) and CogVideoX's VAE in *Load VAE*."
)
REAL_SIZES = "**Real sizes:** tile width 720, tile height 480, 49 frames, 50 steps, euler, simple, cfg 1."
REAL_SIZES_OF_PRESET = REAL_SIZES.replace("49 frames", "49 frames (with speed 4 the cars drive as far as now)")

NOTES = {
    "shareverse_two_agents": (
        "**What it does:** two cars meet at a crossroads, each with four cameras. ShareVerse generates all eight "
        "videos together, from one first tile per car and the camera paths.",
        TINY,
        REAL_WEIGHTS,
        REAL_SIZES_OF_PRESET,
        "**First tiles:** front and rear above left and right, in one picture. Copy the pack's `workflows/inputs` into "
        "ComfyUI's `input` folder, or load your own.",
    ),
    "shareverse_from_file": (
        "**What it does:** reads the paths of two cars from a CARLA log, the first 17 frames at 8 frames per second, "
        "and joins the four first views of each car into its first tile.",
        TINY,
        REAL_WEIGHTS,
        REAL_SIZES,
        "**Files:** copy the pack's `workflows/inputs` into ComfyUI's `input` folder, or your own log and views. The "
        "views must show what the log's cameras see at the first frame.",
    ),
    "shareverse_extend_base": (
        "**What it does:** adds ShareVerse's untrained modules to a CogVideoX-I2V model, saves them in "
        "`models/diffusion_models` as a start for training, and runs the result.",
        "**What to expect:** until it is trained it behaves exactly like the base model: the cars do not know of each "
        "other and the raymaps have no effect.",
        TINY,
        "**Real weights:** choose CogVideoX-5B-I2V in *Extend Base Model* and CogVideoX's VAE in *Load VAE*. "
        "ShareVerse's own weights are not public.",
        REAL_SIZES_OF_PRESET,
    ),
}
"""Five lines of Markdown per graph."""


def note(graph: str) -> str:
    """Return a graph's note."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(NOTES[graph], start=1))
