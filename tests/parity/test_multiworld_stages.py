"""Every stage of the network against the released classes, and what the network can and cannot see."""

import pytest
import torch

from shared_world.models.multiworld.options import MultiWorldOptions
from shared_world.tests.parity.multiworld_models import VARIANTS, inputs, native_model, probe_timestep, reference

STAGE = 1e-5
BLOCKS = 1e-5
ITT = [variant for variant in VARIANTS if variant != "robots"]
STAGES = [f"dit.block{index}.{part}" for index in (0, 1) for part in ("self_attn", "cross_attn", "out")]


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Variant -> network in float32."""
    return {
        variant: native_model(tmp_path_factory.mktemp(variant), variant).model.diffusion_model for variant in VARIANTS
    }


@pytest.fixture(scope="module")
def recorded(networks):
    """Variant -> what every stage returned for the reference's inputs."""
    return {variant: record(network, variant) for variant, network in networks.items()}


def record(network, variant, **changes):
    stages, hooks = {}, []

    def listen(name, module):
        hooks.append(module.register_forward_hook(lambda _, __, output: stages.__setitem__(name, output)))

    encoder = network.action_encoder
    listen("action.agent_attn", encoder.agent_pooling.agent_attn)
    listen("action.pooled", encoder.agent_pooling)
    listen("dit.action_tokens", encoder)
    listen("dit.time_embedding", network.time_embedding)
    listen("env.context", network.pipe.get_submodule("env_encoder.connector"))
    for index, block in enumerate(network.blocks):
        for part, module in (("self_attn", block.self_attn), ("cross_attn", block.cross_attn), ("out", block)):
            listen(f"dit.block{index}.{part}", module)
    latents = reference(variant)["in.latents"]
    with torch.no_grad():
        given = inputs(variant) | changes
        stages["dit.velocity"] = network(latents, probe_timestep(latents), None, transformer_options={}, **given)
    for hook in hooks:
        hook.remove()
    # The reference keeps the rows of a clean and of a noisy frame.
    stages["dit.time_embedding"] = stages["dit.time_embedding"][None, :2]
    return stages


def furthest(given, expected):
    return (given - expected).abs().max().item()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("stage", ["action.agent_attn", "action.pooled", "dit.action_tokens", "env.context"])
def test_encoders(recorded, variant, stage):
    assert furthest(recorded[variant][stage], reference(variant)[stage]) < STAGE


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("stage", ["dit.time_embedding", *STAGES, "dit.velocity"])
def test_network(recorded, variant, stage):
    expected = reference(variant)[stage]
    assert recorded[variant][stage].shape == expected.shape
    assert furthest(recorded[variant][stage], expected) < BLOCKS


@pytest.mark.parametrize("variant", VARIANTS)
def test_identity_base_of_the_other_variant_gives_other_tokens(networks, recorded, variant):
    network = networks[variant]
    attention = network.action_encoder.agent_pooling.agent_attn
    own = network.options.identity_base
    attention.identity_base = {2.0: 20.0, 20.0: 2.0}[own]
    try:
        changed = record(network, variant)["dit.action_tokens"]
    finally:
        attention.identity_base = own
    assert network.options == MultiWorldOptions(own)
    assert furthest(changed, recorded[variant]["dit.action_tokens"]) > 0.1


@pytest.mark.parametrize("variant", ITT)
def test_order_of_action_frames_has_no_effect(networks, recorded, variant):
    order = torch.randperm(33, generator=torch.Generator().manual_seed(0))
    shuffled = {name: inputs(variant)[name][:, order] for name in ("discrete", "continuous")}
    changed = record(networks[variant], variant, **shuffled)["dit.velocity"]
    assert furthest(changed, recorded[variant]["dit.velocity"]) < 5e-6


@pytest.mark.parametrize("variant", ITT)
def test_swapped_players_make_another_video(networks, recorded, variant):
    swapped = {name: inputs(variant)[name].flip(2) for name in ("discrete", "continuous")}
    changed = record(networks[variant], variant, **swapped)["dit.velocity"]
    assert 0.5 < furthest(changed, recorded[variant]["dit.velocity"]) < 1.5


@pytest.mark.parametrize("variant", ITT)
def test_any_number_of_action_frames_is_taken(networks, recorded, variant):
    fewer = {name: inputs(variant)[name][:, :5] for name in ("discrete", "continuous")}
    assert furthest(record(networks[variant], variant, **fewer)["dit.velocity"], recorded[variant]["dit.velocity"]) > (
        1e-3
    )


class TestRobots:
    LATER = 6
    TOKENS_PER_FRAME = 6

    @pytest.fixture
    def moved(self, networks):
        actions = inputs("robots")["actions"].clone()
        actions[:, :2, self.LATER] += 1
        return record(networks["robots"], "robots", actions=actions)

    def test_later_action_leaves_earlier_frames_of_the_first_attention_exactly_unchanged(self, recorded, moved):
        before, now = (stages["dit.block0.cross_attn"] for stages in (recorded["robots"], moved))
        earlier = self.LATER * self.TOKENS_PER_FRAME
        assert torch.equal(now[:, :earlier], before[:, :earlier])
        own_frame = slice(earlier, earlier + self.TOKENS_PER_FRAME)
        assert furthest(now[:, own_frame], before[:, own_frame]) > 1e-3

    def test_later_action_reaches_earlier_frames_through_self_attention(self, recorded, moved):
        earlier = slice(0, self.LATER * self.TOKENS_PER_FRAME)
        before, now = (stages["dit.block1.cross_attn"][:, earlier] for stages in (recorded["robots"], moved))
        assert furthest(now, before) > 1e-4

    def test_counted_padding_changes_the_tokens(self, networks, recorded):
        everyone = torch.tensor([4])
        changed = record(networks["robots"], "robots", robots=everyone)["dit.action_tokens"]
        assert furthest(changed, recorded["robots"]["dit.action_tokens"]) == pytest.approx(0.56, abs=0.005)

    def test_what_padding_holds_has_no_effect(self, networks, recorded):
        actions = inputs("robots")["actions"].clone()
        actions[:, inputs("robots")["robots"].item() :] = 7
        changed = record(networks["robots"], "robots", actions=actions)
        assert torch.equal(changed["dit.velocity"], recorded["robots"]["dit.velocity"])

    def test_camera_is_seen_and_encoded_alike_every_time(self, networks, recorded):
        camera = inputs("robots")["camera"]
        again = record(networks["robots"].train(), "robots")["dit.action_tokens"]
        networks["robots"].eval()
        assert torch.equal(again, recorded["robots"]["dit.action_tokens"])
        other = record(networks["robots"], "robots", camera=camera + 1)["dit.action_tokens"]
        assert furthest(other, again) > 1e-2

    def test_actions_for_other_frames_are_refused_with_both_counts(self, networks):
        with pytest.raises(ValueError, match="actions for 8 latent frames, the latents have 9"):
            record(networks["robots"], "robots", actions=inputs("robots")["actions"][:, :, :8])

    def test_odd_sizes_are_masked_by_their_own_frames(self, networks):
        """Latents of 3x5 are padded to 4x6, so they have as many tokens per frame."""
        network, given = networks["robots"], inputs("robots")
        latents = reference("robots")["in.latents"][..., :3, :5]
        with torch.no_grad():
            velocity = network(latents, probe_timestep(latents), None, transformer_options={}, **given)
        assert velocity.shape == latents.shape
        assert velocity.isfinite().all()


def test_more_agents_than_the_released_table_has_are_mixed(networks):
    network = networks["robots"]
    actions = torch.randn(1, 11, 9, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        tokens = network.action_encoder(actions, torch.tensor([11]), inputs("robots")["camera"])
    assert tokens.shape == (1, 9, 64)
    assert tokens.isfinite().all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_other_global_state_makes_another_video(networks, recorded, variant):
    state = inputs(variant)["environment"]
    changed = record(networks[variant], variant, environment=state + 0.1)["dit.velocity"]
    assert furthest(changed, recorded[variant]["dit.velocity"]) > 1e-3
