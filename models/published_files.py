"""Files with weights that others have published and the pack's nodes can load."""

from dataclasses import dataclass

MULTIWORLD = "Haoyuwu/MultiWorldCheckpoint"


@dataclass(frozen=True)
class Licence:
    """What a file may be used for, by its publisher's word.

    Attributes:
        summary: a phrase without a full stop.
        pages: where it is written, as addresses.
    """

    summary: str
    pages: tuple[str, ...]


@dataclass(frozen=True)
class PublishedFile:
    """One file of a model repository on the Hugging Face hub.

    Attributes:
        title: what the file is, as users choose it.
        repository: owner and name.
        path: the file inside the repository.
        kind: ComfyUI's name for the folder that it belongs in.
        name: what it is called there.
        size: in bytes, approximate: the server says how large the file really is.
        licence: see there.
        sha256: of the content, 64 hexadecimal digits, or None where only the server knows it.
    """

    title: str
    repository: str
    path: str
    kind: str
    name: str
    size: int
    licence: Licence
    sha256: str | None = None


# The two statements contradict each other. Both are told, since who reads only the card may break the licence file.
MULTIWORLD_LICENCE = Licence(
    "CC BY-NC 4.0 (not for commercial use) by the licence file of MultiWorld's code repository, but Apache-2.0 by the "
    "card of the model repository; who follows the stricter one breaks neither",
    (f"https://huggingface.co/{MULTIWORLD}", "https://github.com/CIntellifusion/MultiWorld"),
)
VGGT_LICENCE = Licence(
    "CC BY-NC 4.0 (not for commercial use); the weights of facebook/VGGT-1B-Commercial have a licence of their own",
    ("https://huggingface.co/facebook/VGGT-1B",),
)
WAN_LICENCE = Licence(
    "Apache-2.0",
    ("https://huggingface.co/Comfy-Org/Wan_2.2_ComfyUI_Repackaged", "https://huggingface.co/Wan-AI/Wan2.2-TI2V-5B"),
)


def _multiworld(title: str, name: str) -> PublishedFile:
    return PublishedFile(title, MULTIWORLD, name, "diffusion_models", name, 11_200_000_000, MULTIWORLD_LICENCE)


PUBLISHED_FILES = {
    file.title: file
    for file in (
        _multiworld("MultiWorld, It Takes Two, full data", "multiworld_480p_fulldata.safetensors"),
        _multiworld("MultiWorld, It Takes Two, toy data", "multiworld_480p_toydata.safetensors"),
        _multiworld("MultiWorld, robots", "multiworld_320p_robots.safetensors"),
        PublishedFile(
            "VGGT-1B for the global state",
            "facebook/VGGT-1B",
            "model.safetensors",
            "geometry_estimation",
            "vggt_1b.safetensors",
            5_026_367_224,
            VGGT_LICENCE,
            "f164acf60724910d8fe1578bb499d800850c7bb0948db7555c413f9fbe60467e",
        ),
        PublishedFile(
            "Wan 2.2 VAE for MultiWorld",
            "Comfy-Org/Wan_2.2_ComfyUI_Repackaged",
            "split_files/vae/wan2.2_vae.safetensors",
            "vae",
            "wan2.2_vae.safetensors",
            1_409_400_960,
            WAN_LICENCE,
            "e40321bd36b9709991dae2530eb4ac303dd168276980d3e9bc4b6e2b75fed156",
        ),
    )
}
"""By title."""
