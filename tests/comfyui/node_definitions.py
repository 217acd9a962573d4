"""The pack's nodes as saved graphs know them: ids, inputs, outputs.

    python -m shared_world.tests.comfyui.node_definitions

writes `node_definitions.json` anew. Run it after nodes, or inputs and outputs at the end of a node, were added; what
saved graphs hold is never removed, renamed or moved.
"""

import json
import tempfile
from pathlib import Path

from shared_world.development.comfyui_server import ComfyServer
from shared_world.development.locations import PACK_NAME

FILE = Path(__file__).with_name("node_definitions.json")
COMFYUIS_OWN = {"model_name", "base_model", "file", "vae_name", "sampler_name", "scheduler"}
"""Choices whose options are files or come from ComfyUI."""


def node_definitions(object_info: dict) -> dict:
    """Node id to category, inputs and outputs, each in the order in which graphs hold their values."""
    pack = f"custom_nodes.{PACK_NAME}"
    return {
        node: {
            "inputs": [
                input_definition(name, description["input"][kind][name], kind)
                for kind, names in description["input_order"].items()
                for name in names
            ],
            "outputs": [
                {"name": name, "type": output, "list": is_list}
                for name, output, is_list in zip(
                    description["output_name"], description["output"], description["output_is_list"], strict=True
                )
            ],
        }
        for node, description in sorted(object_info.items())
        if description["python_module"] == pack
    }


def input_definition(name: str, description: list, kind: str) -> dict:
    value_type, *rest = description
    settings = rest[0] if rest else {}
    definition = {"name": name, "type": value_type, "kind": kind}
    if value_type == "COMBO" and name not in COMFYUIS_OWN:
        definition["options"] = settings["options"]
    if value_type == "COMFY_DYNAMICCOMBO_V3":
        definition["options"] = [option["key"] for option in settings["options"]]
        definition["inputs"] = [nested_inputs(option["inputs"]) for option in settings["options"]]
    if value_type == "COMFY_AUTOGROW_V3":
        definition["prefix"] = settings["template"]["prefix"]
        definition["inputs"] = [nested_inputs(settings["template"]["input"])]
    return definition


def nested_inputs(inputs: dict) -> list[dict]:
    return [
        input_definition(name, description, kind)
        for kind, group in inputs.items()
        for name, description in group.items()
    ]


def main() -> None:
    """Start ComfyUI and write the file."""
    with tempfile.TemporaryDirectory() as folder, ComfyServer(Path(folder)) as server:
        definitions = node_definitions(server.object_info())
    FILE.write_text(json.dumps(definitions, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
