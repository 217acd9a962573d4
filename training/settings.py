"""What a training run is told: the entries of a configuration file and their defaults."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ..models.pocket_vae import PocketVAEConfig

Precision = Literal["no", "bf16", "fp16"]
Decay = Literal["none", "linear", "cosine"]
Optimizer = Literal["adamw", "muon"]
ExportDtype = Literal["float16", "bfloat16", "float32"]
Views = Literal["tile", "front"]
Camera = Literal["raymap", "raw_pose"]
Turns = Literal["none", "quarter", "free"]
Topology = Literal["ring", "all", "none"]
Background = Literal["anchor", "holistic"]


@dataclass(frozen=True)
class LoopSettings:
    """Optimisation, and how often something is written.

    Attributes:
        steps: optimiser steps.
        batch_size: items (worlds, or videos for the autoencoder) per optimiser step, over all processes.
        micro_batch_size: items per forward pass of one process; gradients are accumulated up to `batch_size`.
        learning_rate: after warm-up.
        warmup_steps: over which the rate rises from zero.
        decay: how the rate falls to zero, from the fraction `decay_start` of all steps on.
        optimizer: "adamw", or "muon" for the matrices inside the network and AdamW for the rest.
        betas, weight_decay: of AdamW; biases, norms and position tables are not decayed. Muon's momentum is the second
            of the betas.
        max_gradient_norm: gradients are clipped to this norm; 0 for no clipping.
        ema_decay: of the average of the weights, which is what is validated and exported; 0 for no average.
        mixed_precision: of the forward pass; None leaves it to accelerate's own configuration.
        seed: of weights, order of the data, noise and augmentation.
        log_every, validate_every, checkpoint_every: in steps; 0 for never. A checkpoint also exports the network.
        keep_checkpoints: older ones are deleted.
    """

    steps: int
    batch_size: int
    micro_batch_size: int
    learning_rate: float
    warmup_steps: int = 0
    decay: Decay = "none"
    decay_start: float = 0.0
    optimizer: Optimizer = "adamw"
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.0
    max_gradient_norm: float = 1.0
    ema_decay: float = 0.0
    mixed_precision: Precision | None = None
    seed: int = 0
    log_every: int = 50
    validate_every: int = 0
    checkpoint_every: int = 1000
    keep_checkpoints: int = 2

    def __post_init__(self) -> None:
        for name in ("batch_size", "micro_batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"'loop.{name}' must be at least 1, given {getattr(self, name)}.")


@dataclass(frozen=True)
class DataSettings:
    """Which clips are read, and how.

    Attributes:
        train: data set, a folder with an index of clips.
        validation: data set of towns or maps that are not trained on; None for no validation.
        cache: folder for what is computed once per clip.
        frames, interval, stride: see `windows.clip_windows`.
        views: "tile" for all views of an agent, "front" for the front view alone.
        mirror: whether every training window also comes as its mirror image.
        max_clips, max_validation_clips: the first so many clips; 0 for all.
        max_unreadable: fraction of clips that may be skipped because they cannot be read.
        on_device: whether the whole cache is held in the memory of the accelerator.
    """

    train: str
    cache: str
    validation: str | None = None
    frames: int = 49
    interval: int = 0
    stride: int = 49
    views: Views = "tile"
    mirror: bool = False
    max_clips: int = 0
    max_validation_clips: int = 64
    max_unreadable: float = 0.05
    on_device: bool = False


@dataclass(frozen=True)
class NetworkSettings:
    """Sizes of a ShareVerse that starts from scratch; with a base model its own sizes hold.

    Attributes:
        layers, dim, head_dim, time_dim, text_dim, text_tokens, patch_size: see `CogVideoXConfig`.
        learned_positions: whether there is a learned position table for the trained size.
    """

    layers: int = 8
    dim: int = 192
    head_dim: int = 32
    time_dim: int = 192
    text_dim: int = 16
    text_tokens: int = 1
    patch_size: int = 2
    learned_positions: bool = True


@dataclass(frozen=True)
class ShareVerseSettings:
    """A run of `train shareverse`.

    Attributes:
        name: of the exported file.
        output: folder of the run.
        autoencoder: a pocket VAE's file, or the folder of CogVideoX's VAE in diffusers' layout.
        base: CogVideoX-I2V to extend, or None.
        start: a ShareVerse whose weights the run starts from, or None; with neither, the start is random.
        options: entries of `ShareVerseOptions` that differ from the defaults.
        camera: "raymap", or "raw_pose" for the ablation of section 5.3 (see `cameras.raw_poses`).
        random_translation: the common translation of all agents is drawn from -x..x metres on each axis (section 4.2).
        random_turn: the common rotation about the vertical that all agents are given: none, a multiple of 90 degrees,
            or any angle. The paper has none.
        shuffle_agents: whether the agents of a clip change places at random.
        empty_text: file with the text encoder's output for an empty prompt, one tensor (tokens, text_dim); zeros
            without it.
        gradient_checkpointing: compute activations again in the backward pass to save memory.
        compile_blocks: let torch.compile fuse the blocks; on a CPU it needs a C++ compiler and half a minute at the
            start.
        export_dtype: of the weights in the exported file.
        licence: recorded in the exported file.
    """

    name: str
    output: str
    loop: LoopSettings
    data: DataSettings
    autoencoder: str
    base: str | None = None
    start: str | None = None
    network: NetworkSettings = field(default_factory=NetworkSettings)
    options: dict[str, Any] = field(default_factory=dict)
    camera: Camera = "raymap"
    random_translation: float = 2.0
    random_turn: Turns = "none"
    shuffle_agents: bool = False
    empty_text: str | None = None
    gradient_checkpointing: bool = False
    compile_blocks: bool = False
    export_dtype: ExportDtype = "float16"
    licence: str = "Apache-2.0"


@dataclass(frozen=True)
class WanSettings:
    """Sizes of a MetaWorld that starts from scratch; with a base model its own sizes hold.

    Attributes:
        layers, dim, ffn_dim, time_dim, text_dim: see `WanLayout`.
        heads: of every attention.
    """

    layers: int = 8
    dim: int = 192
    ffn_dim: int = 768
    heads: int = 4
    time_dim: int = 96
    text_dim: int = 16


@dataclass(frozen=True)
class ConditionSettings:
    """How condition videos are made from clips with depth and instances.

    Attributes:
        backgrounds: strategies that are drawn from for every world (MetaWorld, section 3.2): the first frames alone, or
            all frames.
        mask_dilation: pixels by which agents are cut out of the background with more than their outline.
        voxel: metres, of the fused clouds.
        farthest: metres beyond which nothing is put into a cloud.
        point_radius: see `RenderOptions`.
        identities: images that every agent is shown; fewer are filled up with absent ones, of more the first are taken.
    """

    backgrounds: tuple[Background, ...] = ("anchor", "holistic")
    mask_dilation: float = 10.0
    voxel: float = 0.02
    farthest: float = 1000.0
    point_radius: float = 0.005
    identities: int = 1


@dataclass(frozen=True)
class MetaWorldSettings:
    """A run of `train metaworld`, whose stage is its topology.

    Attributes:
        name, output, loop, data, gradient_checkpointing, compile_blocks, export_dtype, licence: as in
            `ShareVerseSettings`.
        autoencoder: a pocket VAE's file, or the folder of Wan's VAE in diffusers' layout.
        base: Wan 2.1 T2V or Phantom-Wan to extend, or None.
        start: a MetaWorld whose weights the run starts from, or None; with neither, the start is random. Alignment that
            it lacks starts as its self-attention.
        network: with neither base nor start.
        options: entries of `MetaWorldOptions` that differ from the defaults.
        topology: "none" is stage 1, agents by themselves; "ring" is stage 2, agents of a clip aligned.
        conditions: how condition videos are made.
        drop_identities: share of agents that see no identity, as zeros.
        drop_depth: share of micro-batches without depth, for networks that take both (option depth: either).
        time_shift: s; times from a logit-normal distribution are moved to s t / (1 + (s - 1) t).
    """

    name: str
    output: str
    loop: LoopSettings
    data: DataSettings
    autoencoder: str
    base: str | None = None
    start: str | None = None
    network: WanSettings = field(default_factory=WanSettings)
    options: dict[str, Any] = field(default_factory=dict)
    topology: Topology = "none"
    conditions: ConditionSettings = field(default_factory=ConditionSettings)
    drop_identities: float = 0.1
    drop_depth: float = 0.25
    time_shift: float = 1.0
    gradient_checkpointing: bool = False
    compile_blocks: bool = False
    export_dtype: ExportDtype = "float16"
    licence: str = "Apache-2.0"


@dataclass(frozen=True)
class VAESettings:
    """A run of `train vae`.

    Attributes:
        name, output, export_dtype, licence: as in `ShareVerseSettings`.
        network: sizes.
        start: a pocket VAE of these sizes whose weights the run starts from, or None.
        latent_noise: deviation of the noise on latents whose mean square is about one.
        latent_weight: weight of the latents' mean square in the loss, which keeps them from growing over the noise.
    """

    name: str
    output: str
    loop: LoopSettings
    data: DataSettings
    network: PocketVAEConfig = field(default_factory=PocketVAEConfig)
    start: str | None = None
    latent_noise: float = 0.05
    latent_weight: float = 1e-4
    export_dtype: ExportDtype = "float16"
    licence: str = "Apache-2.0"
