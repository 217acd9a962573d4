import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from shared_world.pocket.bicycle import Drive, drive_car
from shared_world.world.poses import heading, rigid, yaw_rotation

START = rigid(yaw_rotation(30.0), torch.tensor([5.0, 0.0, -2.0], dtype=torch.float64))
NO_DRAG = Drive(drag=0.0)


def controls(frames, throttle=0.0, brake=0.0, steer=0.0):
    return torch.tensor([[throttle, brake, steer]], dtype=torch.float64).expand(frames, 3)


@pytest.mark.parametrize("steer", [-0.8, -0.2, 0.5, 1.0])
def test_constant_steering_drives_a_circle(steer):
    poses, _ = drive_car(START, controls(60, steer=steer), frame_rate=8.0, speed=5.0, drive=NO_DRAG)
    wheel = math.radians(35.0 * steer)
    base = NO_DRAG.front + NO_DRAG.rear
    # The centre of the circle lies beside the rear axle, base / tan(wheel) to the right of it.
    rear = START @ torch.tensor([base / math.tan(wheel), 0.0, -NO_DRAG.rear, 1.0], dtype=torch.float64)
    radius = math.hypot(base / math.tan(wheel), NO_DRAG.rear)
    distances = torch.linalg.vector_norm(poses[:, :3, 3] - rear[:3], dim=-1)
    torch.testing.assert_close(distances, torch.full_like(distances, radius), rtol=1e-9, atol=0.0)
    turned = math.degrees(5.0 * 60 / 8.0 / radius) * math.copysign(1.0, steer)
    assert float(heading(poses[-1]) - 30.0 - turned) % 360.0 == pytest.approx(0.0, abs=1e-6) or float(
        heading(poses[-1]) - 30.0 - turned
    ) % 360.0 == pytest.approx(360.0, abs=1e-6)


def test_varying_controls_agree_with_the_integrated_equations():
    random = np.random.default_rng(4)
    given = torch.tensor(np.stack([random.uniform(0, 1, 40), np.zeros(40), random.uniform(-1, 1, 40)], -1))
    poses, speeds = drive_car(START, given, frame_rate=10.0, speed=3.0, drive=NO_DRAG)

    def equations(time, state):
        throttle, _, steer = given[min(int(time * 10.0), 39)].tolist()
        _, _, yaw, speed = state
        slip = math.atan(NO_DRAG.rear / (NO_DRAG.front + NO_DRAG.rear) * math.tan(math.radians(35.0) * steer))
        return [
            speed * math.sin(yaw + slip),
            speed * math.cos(yaw + slip),
            speed * math.sin(slip) / NO_DRAG.rear,
            NO_DRAG.acceleration * throttle,
        ]

    state = [5.0, -2.0, math.radians(30.0), 3.0]
    for frame in range(40):
        span = (frame / 10.0 + 1e-9, (frame + 1) / 10.0 - 1e-9)
        state = solve_ivp(equations, span, state, rtol=1e-9, atol=1e-9).y[:, -1].tolist()
        x, z = poses[frame + 1, 0, 3].item(), poses[frame + 1, 2, 3].item()
        assert (x, z) == pytest.approx((state[0], state[1]), abs=1e-5)
        assert speeds[frame + 1].item() == pytest.approx(state[3], abs=1e-5)


def test_a_braking_car_stops_and_stays():
    poses, speeds = drive_car(START, controls(40, brake=1.0), frame_rate=8.0, speed=6.0)
    assert speeds[-1] == 0.0
    assert torch.equal(poses[-1], poses[-2])
    way = float(torch.linalg.vector_norm(poses[-1, :3, 3] - START[:3, 3]))
    assert way == pytest.approx(6.0**2 / (2 * 8.0), rel=0.1)


def test_a_car_keeps_below_its_top_speed_and_goes_straight_without_steering():
    poses, speeds = drive_car(START, controls(200, throttle=1.0), frame_rate=8.0)
    assert speeds.max() <= 20.0
    torch.testing.assert_close(poses[:, :3, :3], START[:3, :3].expand(201, 3, 3))


def test_unusable_controls_are_refused():
    with pytest.raises(ValueError, match=r"shape \(frames - 1, 3\) for throttle, brake, steer, given \(4, 2\)"):
        drive_car(START, torch.zeros(4, 2), 8.0)
    bad = torch.zeros(4, 3)
    bad[2, 1] = math.nan
    with pytest.raises(ValueError, match="'brake' at frame 2 is nan"):
        drive_car(START, bad, 8.0)
    with pytest.raises(ValueError, match="positive frame rate"):
        drive_car(START, torch.zeros(4, 3), 0.0)
