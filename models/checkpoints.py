"""Checkpoint files: reading headers, recognising what a file holds, and saying clearly what is wrong with it.

Only safetensors files are read. A checkpoint may be one file or several shards with an index beside them. The metadata
entry `shared_world` is a JSON object: system, options, trained frames, size and agents, base model, licence, recipe.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from .cogvideox.key_layouts import published_names

METADATA_KEY = "shared_world"
SUFFIXES = (".safetensors", ".sft")
QUANTISATION = ("scale_weight", "weight_scale", "weight_scale_2", "input_scale", "scaled_fp8", "comfy_quant")
"""Last parts of the names of tensors without which quantised weights mean nothing."""
METAWORLD = (".wsa.", "cond_depth_embedding.", "cond_video_mlp.", "cond_latent_compression.")
"""Parts of the names of tensors that only MetaWorld has."""
SYSTEMS = {"shareverse": "ShareVerse", "multiworld": "MultiWorld", "metaworld": "MetaWorld"}

logger = logging.getLogger(__name__)


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says what the file is taken for and what is missing."""


@dataclass(frozen=True)
class Checkpoint:
    """What the headers of a checkpoint's files say; no weights are held.

    Attributes:
        path: the file that was chosen.
        files: all its shards.
        names: published parameter name -> name in the file.
        shapes: published parameter name -> shape.
        record: the `shared_world` metadata, empty where there is none.
        metadata: all metadata as the files have them.
        kind: what the file holds, see `recognise`.
    """

    path: Path
    files: tuple[Path, ...]
    names: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]
    record: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return recognise(self.shapes)


def _explain_unreadable(path: Path, error: Exception) -> CheckpointError:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(9)
    if size == 0:
        return CheckpointError(f"{path.name} is empty (0 bytes); download it again.")
    # A header may be 0x80 bytes long, which is how a pickle starts; but its JSON starts with a brace.
    if start[:4] == b"PK\x03\x04" or (start[:1] == b"\x80" and start[8:] != b"{"):
        return CheckpointError(
            f"{path.name} is a Python pickle, which can run code when it is opened; convert it to safetensors."
        )
    header_length = int.from_bytes(start[:8], "little")
    if header_length + 8 > size:
        if header_length < 2**28:
            return CheckpointError(
                f"{path.name} is cut off: its header alone needs {header_length + 8} bytes, the file has {size}; "
                "download it again."
            )
        return CheckpointError(f"{path.name} is not a safetensors file; choose a .safetensors checkpoint.")
    with path.open("rb") as file:
        file.seek(8)
        try:
            header = json.loads(file.read(header_length))
            end = max(int(entry["data_offsets"][1]) for name, entry in header.items() if name != "__metadata__")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return CheckpointError(f"{path.name} is not a safetensors file; choose a .safetensors checkpoint.")
    expected = 8 + header_length + end
    if size < expected:
        return CheckpointError(
            f"{path.name} is cut off: it should have {expected} bytes and has {size}; download it again."
        )
    return CheckpointError(f"{path.name} cannot be read as safetensors ({error}); download it again.")


def _read_header(path: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except safetensors.SafetensorError as error:
        raise _explain_unreadable(path, error) from error
    if path.suffix.lower() not in SUFFIXES:
        # ComfyUI's reader goes by the name and takes anything else for a pickle.
        raise CheckpointError(f"{path.name} is a safetensors file of another name; rename it to end in .safetensors.")
    return shapes, metadata


def _listed_files(index: Path) -> tuple[Path, ...]:
    """The shards that an index lists, whether they exist or not."""
    try:
        listed = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        # An index is data from elsewhere: its shards lie beside it and nowhere else.
        return tuple(index.parent / Path(name).name for name in listed)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"The index {index.name} is damaged ({error}); download it again.") from error


def _lists(index: Path, path: Path) -> bool:
    """Whether a file is a shard of the index; a damaged index, which may be another model's, lists nothing."""
    try:
        return path in _listed_files(index)
    except CheckpointError as error:
        logger.warning("Ignoring an index beside %s: %s", path.name, error)
        return False


def _index_of(path: Path) -> Path | None:
    """The index beside a file that lists it."""
    indices = sorted(path.parent.glob("*.safetensors.index.json"))
    return next((index for index in indices if _lists(index, path)), None)


def _shards(path: Path) -> tuple[Path, ...]:
    """All files of the checkpoint that `path` belongs to: itself, or the shards that an index beside it lists."""
    if path.is_dir():
        candidates = sorted(path.glob("*.safetensors.index.json")) or sorted(path.glob("*.safetensors"))
        if not candidates:
            raise CheckpointError(f"The folder {path.name} holds no safetensors file; choose the transformer's folder.")
        if len(candidates) > 1 and candidates[0].suffix != ".json":
            raise CheckpointError(
                f"The folder {path.name} holds {len(candidates)} safetensors files and no index; choose one of them."
            )
        path = candidates[0]
    index = path if path.name.endswith(".index.json") else _index_of(path)
    if index is None:
        return (path,)
    files = _listed_files(index)
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise CheckpointError(
            f"{index.name} lists {len(files)} files, of which {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not there; download the missing ones."
        )
    return files


def _read_record(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    if METADATA_KEY not in metadata:
        return {}
    try:
        record = json.loads(metadata[METADATA_KEY])
    except ValueError as error:
        raise CheckpointError(f"{path.name}: the metadata '{METADATA_KEY}' is not JSON ({error}).") from error
    if not isinstance(record, dict):
        raise CheckpointError(f"{path.name}: the metadata '{METADATA_KEY}' is not a JSON object.")
    for entry in ("options", "network", "trained"):
        if not isinstance(record.get(entry, {}), dict):
            raise CheckpointError(f"{path.name}: '{entry}' in the metadata '{METADATA_KEY}' is not a JSON object.")
    return record


def read_record(path: str | Path) -> dict[str, Any]:
    """The `shared_world` metadata of one safetensors file, empty where there is none.

    Raises:
        CheckpointError: in one sentence, as `open_checkpoint`, if the file is damaged.
    """
    return _read_record(Path(path), _read_header(Path(path))[1])


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Read the headers of a checkpoint.

    Args:
        path: a safetensors file, one of several shards, their index, or the folder that holds them.

    Raises:
        CheckpointError: in one sentence, if the file is missing, empty, cut off, a pickle, or no safetensors file.
    """
    path = Path(path)
    if not path.exists():
        raise CheckpointError(f"{path.name} does not exist; put it into ComfyUI's models/diffusion_models folder.")
    files = _shards(path)
    shapes: dict[str, tuple[int, ...]] = {}
    metadata: dict[str, str] = {}
    record: dict[str, Any] = {}
    for file in files:
        file_shapes, file_metadata = _read_header(file)
        shapes |= file_shapes
        metadata |= file_metadata
        record |= _read_record(file, file_metadata)
    if not shapes:
        raise CheckpointError(f"{path.name} holds no tensors; download it again.")
    renamed = published_names(shapes)
    return Checkpoint(
        path=path,
        files=files,
        names={published: name for name, published in renamed.items()},
        shapes={published: shapes[name] for name, published in renamed.items()},
        record=record,
        metadata=metadata,
    )


def read_tensors(
    checkpoint: Checkpoint, load: Callable[[str], dict[str, Tensor]] = safetensors.torch.load_file
) -> dict[str, Tensor]:
    """All tensors of a checkpoint under their published names.

    `load` reads one file; ComfyUI's own reader maps files into memory where it can.
    """
    published = {name: key for key, name in checkpoint.names.items()}
    tensors: dict[str, Tensor] = {}
    for file in checkpoint.files:
        tensors |= {published[name]: tensor for name, tensor in load(str(file)).items()}
    return tensors


def write_checkpoint(
    path: Path, tensors: Mapping[str, Tensor], record: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a checkpoint; an existing file is replaced only by a complete one.

    Args:
        path: the file.
        tensors: parameter name -> value.
        record: the `shared_world` metadata.
        metadata: further entries, such as ComfyUI's own.
    """
    partial = path.with_name(f".{path.name}.partial")
    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    try:
        partial.touch()
        mode = partial.stat().st_mode
        entries = {**(metadata or {}), METADATA_KEY: json.dumps(record), "format": "pt"}
        safetensors.torch.save_file(contiguous, partial, metadata=entries)
        partial.chmod(mode)  # safetensors writes files that only their owner may read
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def recognise(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """What parameter names and shapes belong to, in words that a message can use."""

    def has(*parts: str) -> bool:
        return any(all(part in name for part in parts) for name in shapes)

    if has("lora_") or has(".lora."):
        return "a LoRA"
    if has("cross_agent_blocks.") or has("raymap_encoders."):
        return "ShareVerse" if "patch_embed.proj.weight" in shapes else "a ShareVerse extension without its base model"
    if "patch_embed.proj.weight" in shapes and has("transformer_blocks.", "attn1.to_q"):
        return _recognise_cogvideox(shapes["patch_embed.proj.weight"], shapes.get("proj_out.weight", ()))
    if any(map(has, METAWORLD)):
        return "MetaWorld" if has(".self_attn.") else "a MetaWorld extension without its base model"
    known = [
        ("cross_attn.k_ctx.", "MultiWorld"),
        ("aggregator.", "VGGT"),
        ("blocks.0.self_attn.q.", "Wan"),
        ("encoder.downsamples.0.downsamples.", "a Wan 2.2 VAE"),
        ("decoder.upsamples.0.upsamples.", "a Wan 2.2 VAE"),
        ("decoder.conv_in.", "a VAE"),
        ("decoder.conv1.", "a VAE"),
        ("decoder_linear.", "a VAE"),
        ("encoder.block.0.layer.0.SelfAttention", "a T5 text encoder"),
    ]
    for part, kind in known:
        if has(part):
            return kind
    return f"an unknown kind of file (its first tensor is '{min(shapes)}')"


def _recognise_cogvideox(patch: tuple[int, ...], output: tuple[int, ...]) -> str:
    """Which CogVideoX has patch embedding weights and output weights of these shapes."""
    if len(patch) == 2:
        return "CogVideoX 1.5"
    if len(patch) != 4 or len(output) != 2:
        return "an incomplete CogVideoX"
    in_channels, out_channels = patch[1], output[0] // (patch[2] * patch[3])
    if in_channels == out_channels:
        return "CogVideoX-T2V"
    return "CogVideoX-I2V" if in_channels == 2 * out_channels else f"CogVideoX with {in_channels} input channels"


def is_quantisation(name: str) -> bool:
    """Whether a tensor belongs to a quantised weight."""
    return name.rsplit(".", 1)[-1] in QUANTISATION


def require_complete(
    checkpoint: Checkpoint, expected: Mapping[str, Tensor], given: Mapping[str, tuple[int, ...]]
) -> None:
    """Refuse a checkpoint whose tensors are not those of the network.

    Args:
        checkpoint: for the message.
        expected: the network's state dict; only shapes matter.
        given: parameter name -> shape, of the file or of base and extension together.

    Raises:
        CheckpointError: naming the first missing or misshapen tensors, or if weights are quantised. Other surplus
            tensors are logged and ignored.
    """
    surplus = sorted(set(given) - set(expected))
    quantised = [name for name in surplus if is_quantisation(name)]
    if quantised:
        raise CheckpointError(
            f"{checkpoint.path.name} holds quantised weights ({quantised[0]}), which cannot be read yet; choose a file "
            "in bfloat16, float16, float32 or plain fp8."
        )
    missing = [name for name in expected if name not in given]
    if missing:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        raise CheckpointError(f"{checkpoint.path.name} is taken for {checkpoint.kind}, but it lacks {shown}.")
    for name, tensor in expected.items():
        if tuple(tensor.shape) != tuple(given[name]):
            raise CheckpointError(
                f"{checkpoint.path.name} is taken for {checkpoint.kind}, but {name} has shape {tuple(given[name])} "
                f"instead of {tuple(tensor.shape)}."
            )
    if surplus:
        logger.warning(
            "%s: ignoring %d tensors that the network has no place for, such as %s.",
            checkpoint.path.name,
            len(surplus),
            surplus[0],
        )


def require_complete_or_quantised(
    checkpoint: Checkpoint, expected: Mapping[str, tuple[int, ...]], given: Mapping[str, tuple[int, ...]]
) -> None:
    """As `require_complete`, with shapes for both, for networks whose quantised weights ComfyUI reads.

    Those may be stored in other shapes, which ComfyUI checks itself.
    """
    own = {name: shape for name, shape in given.items() if not is_quantisation(name)}
    if len(own) < len(given):
        own = {name: expected.get(name, shape) for name, shape in own.items()}
    require_complete(checkpoint, {name: torch.empty(shape, device="meta") for name, shape in expected.items()}, own)


def floating_dtype(tensors: Mapping[str, Tensor]) -> torch.dtype:
    """The dtype that most parameters are stored in."""
    counts: dict[torch.dtype, int] = {}
    for tensor in tensors.values():
        counts[tensor.dtype] = counts.get(tensor.dtype, 0) + tensor.numel()
    return max(counts, key=lambda dtype: counts[dtype])
