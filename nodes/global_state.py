"""The node that loads the encoder of a world's state from its views."""

import folder_paths
import torch
from comfy_api.latest import io

from ..models.vggt.comfyui import load_global_state_encoder
from .loaders import CATEGORY
from .sockets import GlobalStateEncoderSocket

# VGGT estimates geometry, and ComfyUI keeps Depth Anything 3 and MoGe here: users have the folder, also in their
# extra_model_paths.yaml, and a VGGT file lies once for every node that reads it.
FOLDER = "geometry_estimation"
PRECISIONS = {"default": None, "bf16": torch.bfloat16, "fp32": torch.float32}


class LoadGlobalStateEncoder(io.ComfyNode):
    """VGGT's aggregator from models/geometry_estimation."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldLoadGlobalStateEncoder",
            display_name="Load Global State Encoder",
            category=CATEGORY,
            description=(
                "Loads the part of VGGT-1B that tells MultiWorld what the world looks like, from the first frames of all "
                "views. VGGT's other parts in the file are not read."
            ),
            search_aliases=["vggt", "multiworld", "geometry", "environment encoder"],
            inputs=[
                io.Combo.Input(
                    "model_name",
                    options=folder_paths.get_filename_list(FOLDER),
                    tooltip="VGGT-1B's model.safetensors in models/geometry_estimation, under any name.",
                ),
                io.Combo.Input(
                    "weight_dtype",
                    options=list(PRECISIONS),
                    default="default",
                    advanced=True,
                    tooltip="Precision of matrix products and their weights. default: bf16, as MultiWorld was trained, where "
                    "the device is good at it, else fp32. fp32 needs 3.6 GB instead of 1.8 GB.",
                ),
            ],
            outputs=[
                GlobalStateEncoderSocket.Output(
                    display_name="global_state_encoder", tooltip="Connect it to MultiWorld Conditioning."
                )
            ],
        )

    @classmethod
    def execute(cls, model_name: str, weight_dtype: str) -> io.NodeOutput:
        path = folder_paths.get_full_path_or_raise(FOLDER, model_name)
        return io.NodeOutput(load_global_state_encoder(path, dtype=PRECISIONS[weight_dtype]))
