"""What a checkpoint holds and whether it is complete, from its headers: nothing is loaded, ComfyUI is not needed."""

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import safetensors

from .checkpoints import SYSTEMS, Checkpoint, CheckpointError, is_quantisation, open_checkpoint
from .metaworld import checkpoint as metaworld
from .metaworld.layout import alignment_shapes, condition_shapes, is_extra, wan_shapes
from .metaworld.layout import layout_from_shapes as wan_layout_from_shapes
from .metaworld.options import MetaWorldOptions
from .multiworld.checkpoint import OWN_CONFIG, identity_tables, plan_multiworld
from .multiworld.layout import (
    IDENTITY_TABLES,
    VARIANT_NAMES,
    MultiWorldLayout,
    expected_shapes,
    layout_from_shapes,
)
from .multiworld.options import multiworld_options
from .shareverse.checkpoint import plan_shareverse
from .wan_metadata import HEAD_DIM, attention_heads, recorded_options

LISTED = 10
PUBLISHED_TENSORS = {"ItTakesTwo": 984, "ItTakesTwo toy": 988, "robots": 989}
PUBLISHED_SIZE = (3072, 30)
"""Width and layers of the published MultiWorld files."""


@dataclass
class Inspection:
    """Lines for a reader.

    Attributes:
        findings: what the file holds.
        problems: why it cannot be used as it is; empty for a file that loads.
    """

    findings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def text(self) -> str:
        verdict = [f"problem: {problem}" for problem in self.problems] or ["no problems found"]
        return "\n".join([*self.findings, *verdict])


def inspect_checkpoint(path: str | Path) -> Inspection:
    """Inspect a file, one of several shards, their index or the folder that holds them."""
    inspection = Inspection()
    try:
        checkpoint = open_checkpoint(path)
    except CheckpointError as error:
        inspection.problems.append(str(error))
        return inspection
    _describe_tensors(checkpoint, inspection)
    if checkpoint.record:
        recorded = {name: value for name, value in checkpoint.record.items() if name != "system"}
        inspection.findings += [f"{name}: {value}" for name, value in recorded.items()]
    try:
        if checkpoint.kind == SYSTEMS["multiworld"]:
            _describe_multiworld(checkpoint, inspection)
            plan_multiworld(checkpoint)
        elif checkpoint.kind in (metaworld.WHOLE, metaworld.EXTENSION):
            _describe_metaworld(checkpoint, inspection)
            if checkpoint.kind == metaworld.WHOLE:
                metaworld.plan_metaworld(checkpoint)
        elif checkpoint.kind == SYSTEMS["shareverse"]:
            plan_shareverse(checkpoint)
    except CheckpointError as error:
        inspection.problems.append(str(error))
    return inspection


def _describe_tensors(checkpoint: Checkpoint, inspection: Inspection) -> None:
    counts: Counter[str] = Counter()
    for path in checkpoint.files:
        with safetensors.safe_open(path, framework="pt") as file:
            counts.update(file.get_slice(name).get_dtype() for name in file.keys())  # noqa: SIM118
    size = sum(path.stat().st_size for path in checkpoint.files)
    parameters = sum(math.prod(shape) for shape in checkpoint.shapes.values())
    renamed = next((key.removesuffix(name) for name, key in checkpoint.names.items() if key != name), "")
    files = f"{len(checkpoint.files)} files, " if len(checkpoint.files) > 1 else ""
    inspection.findings += [
        f"file: {checkpoint.path.name}, {files}{size / 1e9:.2f} GB",
        f"kind: {checkpoint.kind}",
        f"tensors: {len(checkpoint.shapes)}, {parameters:,} parameters",
        f"stored as: {', '.join(f'{count} x {dtype}' for dtype, count in counts.most_common())}",
    ]
    if renamed:
        inspection.findings.append(f"prefix: {renamed}")


def _describe_multiworld(checkpoint: Checkpoint, inspection: Inspection) -> None:
    shapes = {name: shape for name, shape in checkpoint.shapes.items() if not is_quantisation(name)}
    try:
        layout = layout_from_shapes(shapes)
    except KeyError:
        return  # The plan says which tensor is missing.
    heads = attention_heads([checkpoint])
    inspection.findings += [
        f"variant: {_variant(layout)}",
        f"network: dim {layout.dim}, {layout.layers} layers, ffn {layout.ffn_dim}, "
        f"{heads or layout.dim // HEAD_DIM} heads {'as recorded' if heads else f'of {HEAD_DIM}'}",
        f"adaptive action weighting: {'yes' if layout.weighting_dim else 'no, agents are summed'}",
        _identity(checkpoint, layout),
    ]
    _compare_names(layout, shapes, inspection)


def _describe_metaworld(checkpoint: Checkpoint, inspection: Inspection) -> None:
    shapes = {name: shape for name, shape in checkpoint.shapes.items() if not is_quantisation(name)}
    options = MetaWorldOptions().matching(shapes)
    branch = any(is_extra(name) and ".wsa." not in name for name in shapes)
    takes = {"with": "RGB and depth", "without": "RGB alone", "either": "RGB, with or without depth"}[options.depth]
    blocks = len({name.split(".wsa.")[0] for name in shapes if ".wsa." in name})
    inspection.findings += [
        f"condition: {takes}, added to the {options.condition}" if branch else "condition: no weights",
        f"world-state alignment: {blocks} blocks" if blocks else "world-state alignment: none, agents are independent",
    ]
    if checkpoint.kind == metaworld.EXTENSION:
        return
    try:
        layout = wan_layout_from_shapes(shapes)
    except (KeyError, ValueError):
        return  # The plan says what is wrong.
    heads = attention_heads([checkpoint])
    inspection.findings.append(
        f"network: dim {layout.dim}, {layout.layers} layers, ffn {layout.ffn_dim}, "
        f"{heads or layout.dim // HEAD_DIM} heads {'as recorded' if heads else f'of {HEAD_DIM}'}"
    )
    parts = {
        "backbone": wan_shapes(layout),
        "condition": condition_shapes(layout, options),
        "alignment": alignment_shapes(layout, options),
    }
    counts = [f"{part} {len(set(shapes) & set(names))} of {len(names)}" for part, names in parts.items() if names]
    inspection.findings.append(f"tensors of the network: {', '.join(counts)}")


def _variant(layout: MultiWorldLayout) -> str:
    toy = " toy" if layout.variant == "it_takes_two" and layout.weighting_dim else ""
    return VARIANT_NAMES[layout.variant] + toy


def _identity(checkpoint: Checkpoint, layout: MultiWorldLayout) -> str:
    """Base of the agents' rotation and where it is from."""
    recorded, tables = recorded_options(checkpoint, OWN_CONFIG), identity_tables(checkpoint)
    source = "recorded" if "identity_base" in recorded else "read from its tables" if tables else "the variant's"
    try:
        base = multiworld_options(layout.variant, recorded, tables).identity_base
    except ValueError as error:
        return f"agent identity base: unknown ({error})"
    return f"agent identity base: {base:g}, {source}; tables in the file: {'yes' if tables else 'no'}"


def _compare_names(layout: MultiWorldLayout, shapes: dict[str, tuple[int, ...]], inspection: Inspection) -> None:
    expected = expected_shapes(layout)
    given = {name for name in shapes if name not in IDENTITY_TABLES}
    inspection.findings.append(f"tensors of the network: {len(given & set(expected))} of {len(expected)}")
    if (layout.dim, layout.layers) == PUBLISHED_SIZE:
        inspection.findings.append(f"a published file of this variant has {PUBLISHED_TENSORS[_variant(layout)]}")
    missing, surplus = sorted(set(expected) - given), sorted(given - set(expected))
    if missing:
        inspection.findings.append(f"missing: {_listed(missing)}")
    if surplus:
        inspection.findings.append(f"without a place in the network: {_listed(surplus)}")
    text = any(name.startswith("text_embedding.") for name in surplus)
    inspection.findings.append(f"text embedding: {'present, ignored' if text else 'none, as published'}")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
