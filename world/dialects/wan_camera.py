"""WAN_CAMERA_EMBEDDING: the Plücker coordinates of every pixel's ray, (1, 24, latent frames, height, width) float32.

For the camera models of Wan Fun. Six numbers per pixel: moment (origin x direction), then the direction, of length 1,
through the pixel's middle. Poses are camera-to-world with OpenCV axes, relative to the camera's own first frame. Four
frames are packed into one latent frame, number by number; the first frame is repeated, so that 4k+1 frames make k+1.

One-way: nobody needs the poses back. The camera's place in the world is lost, which the model was not trained on.
"""

import torch
from einops import rearrange, repeat
from torch import Tensor

from ..poses import inverse
from .cameras import CameraPath

FRAMES_PER_LATENT = 4


def wan_camera_embedding(camera: CameraPath, units_per_metre: float = 1.0) -> Tensor:
    """The embedding of a camera in its own picture size.

    Args:
        camera: over 4k+1 frames.
        units_per_metre: what a metre becomes. The presets of ComfyUI's node move by 1.5 units, and by 3 for zooms, over
            the whole clip, whatever its length.

    Raises:
        ValueError: for another number of frames, naming the nearest that fit.
    """
    frames = len(camera.poses)
    rest = (frames - 1) % FRAMES_PER_LATENT
    if rest:
        raise ValueError(
            f"'{camera.label}' has {frames} frames, Wan needs 4k+1; resample the paths to {frames - rest} or "
            f"{frames - rest + FRAMES_PER_LATENT}."
        )
    if not 0.0 < units_per_metre < float("inf"):
        raise ValueError(f"units_per_metre must be positive, given {units_per_metre:g}.")
    relative = inverse(camera.poses[:1]) @ camera.poses
    to_ray = relative[:, :3, :3] @ torch.linalg.inv(camera.intrinsics)
    columns = torch.arange(camera.width, dtype=torch.float32) + 0.5
    rows = torch.arange(camera.height, dtype=torch.float32) + 0.5
    # A ray's direction is affine in the pixel's place, so there is no matrix product per pixel.
    across, down, start = (to_ray[..., index].float()[:, :, None, None] for index in range(3))
    directions = across * columns + (down * rows[:, None] + start)
    directions = torch.nn.functional.normalize(directions, dim=1)
    origins = (relative[:, :3, 3] * units_per_metre).float()[:, :, None, None].expand_as(directions)
    rays = torch.cat([torch.linalg.cross(origins, directions, dim=1), directions], dim=1)
    first = repeat(rays[:1], "1 channels height width -> repeats channels height width", repeats=FRAMES_PER_LATENT)
    return rearrange(
        torch.cat([first, rays[1:]]),
        "(frames four) channels height width -> 1 (channels four) frames height width",
        four=FRAMES_PER_LATENT,
    )
