"""What CONDITIONING carries to MultiWorld, and how it reaches the network once per run."""

from collections.abc import Mapping
from typing import Any

import comfy.conds
import torch
from torch import Tensor

from ..batch import spread_over_batch
from .action_encoders import check_shape
from .layout import VARIANT_NAMES, Variant
from .transformer import ENVIRONMENT, MultiWorldTransformer

GLOBAL_STATE = "shared_world_global_state"
"""(worlds, tokens, environment_dim): the global state encoder's pooled tokens, before the connector."""

DISCRETE_ACTIONS = "shared_world_discrete_actions"
"""ItTakesTwo: (worlds, frames, 2 players, 10 buttons) of 0 and 1."""

CONTINUOUS_ACTIONS = "shared_world_continuous_actions"
"""ItTakesTwo: (worlds, frames, 2 players, 2 look axes)."""

ROBOT_ACTIONS = "shared_world_robot_actions"
"""Robots: (worlds, robots, latent frames, 8 joints), normalised."""

ROBOT_COUNTS = "shared_world_robot_counts"
"""Robots: (worlds,) integers; what follows that many robots is padding. All robots count where it is not given."""

CAMERA = "shared_world_camera"
"""Robots: (views, 1, 16), or (1, 1, 16) for all views."""

KEYS: dict[Variant, dict[str, str]] = {
    "it_takes_two": {"discrete": DISCRETE_ACTIONS, "continuous": CONTINUOUS_ACTIONS},
    "robots": {"actions": ROBOT_ACTIONS, "robots": ROBOT_COUNTS, "camera": CAMERA},
}
"""Input of the action encoder -> conditioning key."""

ENCODE_EVERY_STEP = "shared_world_encode_every_step"
"""Conditioning key: True computes tokens, keys and values anew at every step, to measure what keeping them saves."""


class Memory(comfy.conds.CONDList):
    """Keys and values of all blocks for a run. Those that all views share are held once."""

    def process_cond(self, batch_size: int, **_: Any) -> "Memory":
        return self._copy_with([tensor.expand(batch_size, -1, -1) for tensor in self.cond])

    def concat(self, others: "list[Memory]") -> list[Tensor]:
        """With nothing to join, what views share stays shared; ComfyUI would copy it at every step."""
        return super().concat(others) if others else self.cond


def network_inputs(network: MultiWorldTransformer, conditioning: Mapping[str, Any], batch: int) -> dict[str, Tensor]:
    """What `MultiWorldTransformer.memory` takes, or nothing where the conditioning holds nothing of MultiWorld.

    Args:
        network: the network that it is for.
        conditioning: key -> value; the keys are this module's.
        batch: items of the latent batch.

    Raises:
        ValueError: for actions of another variant, missing or misshapen inputs, or other worlds than the latents have.
    """
    layout = network.layout
    keys = {ENVIRONMENT: GLOBAL_STATE, **KEYS[layout.variant]}
    inputs = {name: conditioning[key] for name, key in keys.items() if conditioning.get(key) is not None}
    for other, foreign in KEYS.items():
        if other != layout.variant and any(conditioning.get(key) is not None for key in foreign.values()):
            raise ValueError(
                f"The model is MultiWorld for {VARIANT_NAMES[layout.variant]}, the conditioning holds actions for "
                f"{VARIANT_NAMES[other]}; load the checkpoint that belongs to the actions."
            )
    if not inputs:
        return {}
    if layout.variant == "robots" and "actions" in inputs:
        inputs.setdefault("robots", torch.full((len(inputs["actions"]),), inputs["actions"].shape[1]))
    missing = [keys[name] for name in keys if name not in inputs]
    if missing:
        raise ValueError(
            f"The conditioning lacks {', '.join(missing)}; make it with the node 'MultiWorld Conditioning'."
        )
    tokens = {"worlds": None, "tokens": None, "numbers": layout.environment_dim}
    check_shape("global-state tokens", inputs[ENVIRONMENT], tokens)
    network.action_encoder.check(**{name: inputs[name] for name in inputs if name != ENVIRONMENT})
    for name, tensor in inputs.items():
        if batch % len(tensor):
            raise ValueError(
                f"The conditioning holds {keys[name]} for {len(tensor)} items, the latent batch has {batch}; connect "
                "conditioning and LATENT of the same node without changing the batch."
            )
    return inputs


def network_conditions(
    network: MultiWorldTransformer, inputs: Mapping[str, Tensor], batch: int, once: bool
) -> dict[str, comfy.conds.CONDRegular]:
    """Conditions that the network takes as keyword arguments.

    Args:
        network: with its weights ready on the inputs' device.
        inputs: from `network_inputs`, on the device and in the precision to compute in.
        batch: items of the latent batch.
        once: encode now, for the whole run; otherwise the network encodes at every evaluation.
    """
    if not once:
        spread = {name: spread_over_batch(tensor, batch) for name, tensor in inputs.items()}
        conditions = {name: comfy.conds.CONDRegular(tensor) for name, tensor in spread.items()}
        if "robots" in spread:
            # Numbers, so that no step waits for the device to tell them.
            conditions["robots"] = comfy.conds.CONDConstant(tuple(spread["robots"].tolist()))
        return conditions
    memory = network.memory(**inputs)
    return {"memory": Memory([tensor if len(tensor) == 1 else spread_over_batch(tensor, batch) for tensor in memory])}
