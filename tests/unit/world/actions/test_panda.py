import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from shared_world.development.locations import ROOT
from shared_world.tests.unit.world.actions.random_actions import PANDA, idle_actions
from shared_world.world.actions import cut_chunks, read_actions
from shared_world.world.actions.panda import JOINT_LIMITS, camera_vectors, normalised_joints, panda_inputs, token_frames

REFERENCE = load_file(ROOT / "tests" / "parity" / "multiworld_reference" / "reference_actions.safetensors")


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "actions.npy"
    np.save(path, REFERENCE["robots.raw"].numpy())
    camera = tmp_path / "camera.npy"
    np.save(camera, REFERENCE["robots.camera_raw"].numpy())
    return read_actions(path, camera_paths=[camera])


@pytest.mark.parametrize("frames", ["81", "79", "all"])
def test_tokens_are_the_official_ones_bit_for_bit(recording, frames):
    """Cut first, then every fourth frame with the last one kept, then normalised in double precision."""
    stop = recording.frame_count if frames == "all" else 3 + int(frames)
    inputs = panda_inputs(recording.select_frames(range(3, stop)))
    expected = REFERENCE[f"robots.normalised_start3_frames{frames}"][0]
    assert inputs.tokens.dtype == torch.float32
    assert torch.equal(inputs.tokens[:2], expected)
    assert inputs.tokens.shape[0] == 4
    assert not inputs.tokens[2:].any()
    assert inputs.agent_count == 2


def test_the_camera_is_the_official_one_bit_for_bit(recording):
    cameras = panda_inputs(recording).cameras
    assert torch.equal(cameras, REFERENCE["robots.camera"][0])
    assert cameras.dtype == torch.float32


@pytest.mark.parametrize(
    ("count", "frames"),
    [(1, [0]), (2, [0, 1]), (4, [0, 3]), (5, [0, 4]), (6, [0, 4, 5]), (8, [0, 4, 7]), (9, [0, 4, 8])],
)
def test_every_fourth_frame_and_always_the_last(count, frames):
    assert token_frames(count) == frames


def test_a_clip_has_a_token_per_latent_frame():
    assert token_frames(81) == list(range(0, 81, 4))
    assert len(token_frames(81)) == 21


def test_limits_become_minus_one_and_one_without_clipping():
    low = torch.tensor([*(low for low, _ in JOINT_LIMITS), -1.0], dtype=torch.float64)
    high = torch.tensor([*(high for _, high in JOINT_LIMITS), 1.0], dtype=torch.float64)
    assert normalised_joints(low) == pytest.approx(-1.0)
    assert normalised_joints(high) == pytest.approx(1.0)
    assert normalised_joints(high + (high - low)) == pytest.approx(3.0)


def test_more_arms_than_slots_are_all_used():
    inputs = panda_inputs(idle_actions(PANDA, frames=5, agents=6))
    assert inputs.tokens.shape == (6, 2, 8)
    assert inputs.agent_count == 6
    assert inputs.cameras is None


def test_a_chunk_of_a_rollout_has_the_tokens_of_its_own_frames(recording):
    first, second = cut_chunks(recording, 2, chunk_frames=33)
    assert torch.equal(panda_inputs(first).tokens[:, -1], panda_inputs(second).tokens[:, 0])
    assert torch.equal(panda_inputs(second).tokens, panda_inputs(recording.select_frames(range(32, 65))).tokens)


def save(folder, name, array):
    np.save(folder / name, array)
    return folder / name


def test_several_cameras_are_several_views(tmp_path):
    path = save(tmp_path, "a.npy", np.zeros((1, 5, 8), dtype=np.float32))
    cameras = [np.arange(1.0, 17.0), np.arange(2.0, 18.0).reshape(1, 1, 16), np.ones((2, 1, 16))]
    files = [save(tmp_path, f"c{number}.npy", camera) for number, camera in enumerate(cameras)]
    actions = read_actions(path, camera_paths=files)
    assert torch.equal(
        actions.extras["camera"], torch.from_numpy(np.concatenate([camera.reshape(-1, 16) for camera in cameras]))
    )
    first = panda_inputs(actions).cameras[0]
    assert first[:5].tolist() == pytest.approx([1 / 3, 2 / 4, 1 / 3, 2 / 4, 5.0])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 8)), r"shape \(agents, frames, 8\), given \(5, 8\); add an axis for the one agent"),
        (np.zeros((1, 5, 7)), r"given \(1, 5, 7\)"),
        (np.zeros((0, 5, 8)), r"given \(0, 5, 8\)"),
        (
            np.full((2, 5, 8), np.nan),
            "agent 'agent 1', frame 0, channel 'joint_1': expected a finite number, given nan",
        ),
        (np.array([[[None] * 8]]), "pickled Python objects, which are never loaded"),
        (np.zeros((1, 5, 8), dtype=complex), "expected an array of numbers, given complex128"),
    ],
)
def test_wrong_recordings_are_refused(array, message, tmp_path):
    with pytest.raises(ValueError, match=rf"a\.npy: .*{message}"):
        read_actions(save(tmp_path, "a.npy", array))


def test_joints_beyond_their_limits_are_kept_with_a_warning(tmp_path, caplog):
    array = idle_actions(PANDA, frames=5, agents=1).continuous.numpy().copy()
    array[0, 2, 3] = 0.5
    actions = read_actions(save(tmp_path, "a.npy", array))
    assert actions.continuous[0, 2, 3] == 0.5
    assert "agent 'agent 1', frame 2, channel 'joint_4' is 0.5, usual are -3.0718 to -0.0698; 1 values" in caplog.text


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        (np.zeros((1, 1, 12)), r"c\.npy: expected 16 numbers per view .* given shape \(1, 1, 12\)"),
        (np.float64(3.0), r"c\.npy: expected 16 numbers per view .* given shape \(\)"),
        (np.full(16, np.inf), "extra 'camera', view 0, fx: expected a finite number, given inf"),
    ],
)
def test_wrong_cameras_are_refused(camera, message, tmp_path):
    path = save(tmp_path, "a.npy", np.zeros((1, 5, 8)))
    with pytest.raises(ValueError, match=message):
        read_actions(path, camera_paths=[save(tmp_path, "c.npy", camera)])


def test_a_camera_without_a_middle_is_refused():
    camera = torch.ones(2, 16)
    camera[1, 3] = 0.0
    with pytest.raises(ValueError, match="camera of view 1: cy is 0, expected the middle of the picture in pixels"):
        camera_vectors(camera)


def test_cameras_go_with_joints_only(tmp_path):
    with pytest.raises(ValueError, match="cameras go with joint positions"):
        read_actions(tmp_path / "a.csv", camera_paths=[tmp_path / "c.npy"])


def test_the_network_refuses_other_actions():
    with pytest.raises(ValueError, match="robots network takes actions of layout 'panda'"):
        panda_inputs(idle_actions())
