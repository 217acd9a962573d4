import json
from pathlib import Path

import shared_world
from shared_world.models.checkpoints import read_record
from shared_world.pocket import scenes
from shared_world.training.settings import ConditionSettings, MetaWorldSettings
from shared_world.training.settings_files import parse_settings, read_settings

PACK = Path(shared_world.__path__[0])
SHIPPED = PACK / "pocket" / "checkpoints" / "diffusion_models" / "metaworld_pocket_town.safetensors"
CONFIG = PACK / "training" / "configs" / "metaworld_pocket_cpu.yaml"
GRAPH = PACK / "workflows" / "api" / "pocket_metaworld.json"


def test_the_shipped_metaworld_is_told_in_its_graph_what_it_was_told_in_training():
    """Backgrounds of other grain or reach, or larger points, would be conditions that it has never seen."""
    recipe = read_record(SHIPPED)["training"]["recipe"]
    trained = parse_settings(ConditionSettings, recipe["conditions"], SHIPPED.name)
    assert read_settings(MetaWorldSettings, CONFIG).conditions == trained
    assert (trained.mask_dilation, trained.voxel, trained.farthest) == (scenes.DILATION, scenes.VOXEL, scenes.FARTHEST)
    nodes = json.loads(GRAPH.read_text()).values()
    (render,) = (node for node in nodes if node["class_type"] == "SharedWorldRenderConditionVideos")
    assert render["inputs"]["point_size"] == trained.point_radius
