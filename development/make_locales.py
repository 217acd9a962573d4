"""Write locales/en from the nodes' schemas: python -m shared_world.development.make_locales.

English is thus never another text than the nodes' own. The other languages are written by hand, with the same keys.
"""

import json
from collections.abc import Iterator
from typing import Any

from .comfyui_in_process import use_comfyui
from .locations import ROOT

LOCALES = ROOT / "locales"
FILES = ("main", "nodeDefs")
CORE_CATEGORIES = {"conditioning", "loaders", "sampling"}
"""Folders of the node library that ComfyUI has and translates itself."""
SOCKET_TYPES = {
    "SHARED_WORLD_AGENTS": "agents",
    "SHARED_WORLD_RAYMAPS": "raymaps",
    "SHARED_WORLD_GROUND_TRUTH": "ground truth",
    "SHARED_WORLD_ACTIONS": "actions",
    "GLOBAL_STATE_ENCODER": "global state encoder",
    "SHARED_WORLD_SCENE": "scene",
    "SHARED_WORLD_POSED_DEPTH": "posed depth",
    "SHARED_WORLD_CONDITION_VIDEOS": "condition videos",
    "SHARED_WORLD_UNROLLED": "unrolled video",
    "SHARED_WORLD_DRAWING": "drawing",
}


def main() -> None:
    """Write the files."""
    folder = LOCALES / "en"
    folder.mkdir(parents=True, exist_ok=True)
    for name, texts in english().items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(texts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(path.relative_to(ROOT))


def english() -> dict[str, dict[str, Any]]:
    """Return the contents of locales/en by file name: what the page looks up, with the nodes' own texts."""
    use_comfyui()
    from ..nodes import NODES

    descriptions = [node.GET_NODE_INFO_V1() for node in NODES]
    categories = {part for node in descriptions for part in node["category"].split("/")} - CORE_CATEGORIES
    return {
        "main": {
            "nodeCategories": {category: category for category in sorted(categories)},
            "dataTypes": SOCKET_TYPES,
        },
        "nodeDefs": {node["name"]: _node_texts(node) for node in sorted(descriptions, key=lambda node: node["name"])},
    }


def _node_texts(node: dict[str, Any]) -> dict[str, Any]:
    texts = {
        "display_name": node["display_name"],
        "description": node["description"],
        "inputs": {name.replace(".", "_"): entry for name, entry in _inputs(node["input"])},
    }
    outputs = zip(node["output_name"], node["output_tooltips"], strict=True)
    entries = {str(index): {"name": name, "tooltip": tooltip} for index, (name, tooltip) in enumerate(outputs)}
    return {**texts, "outputs": entries} if entries else texts


def _inputs(inputs: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every input's name and texts, those that grow or appear with a choice too.

    The page knows an input of a choice or of a growing list as `list.name`, and looks up its text with `_` for the dot.
    """
    for group in ("required", "optional"):
        for name, (kind, settings) in inputs.get(group, {}).items():
            yield prefix + name, {"name": name, "tooltip": settings["tooltip"]}
            if kind == "COMFY_AUTOGROW_V3":
                template = settings["template"]
                ((_, socket_settings),) = (socket for group in template["input"].values() for socket in group.values())
                for number in range(template["max"]):
                    socket = f"{template['prefix']}{number}"
                    yield f"{name}.{socket}", {"name": socket, "tooltip": socket_settings["tooltip"]}
            elif kind == "COMFY_DYNAMICCOMBO_V3":
                for choice in settings["options"]:
                    yield from _inputs(choice["inputs"], f"{name}.")


if __name__ == "__main__":
    main()
