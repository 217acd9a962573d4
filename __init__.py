"""Shared World: multi-agent video world models in ComfyUI."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    """ComfyUI's door to the pack; nodes are imported here, so that `world` and `models` can be used without ComfyUI."""
    from . import nodes

    return nodes.SharedWorldExtension()
