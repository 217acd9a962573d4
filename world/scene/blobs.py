"""Gaussians as pictures: opacity by EWA projection, depth by ray-ellipsoid intersection.

The projection is Zwicker et al.'s EWA splatting, linearised at the mean, as VerseCrafter uses it for its control maps;
the ellipsoid replaces its triangle mesh.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..poses import inverse

SCREEN_VARIANCE = 1e-4
"""Square pixels added to the projected covariance."""


@dataclass(frozen=True, eq=False)
class Blobs:
    """One Gaussian in the camera's frame for each of several frames.

    Attributes:
        means: (frames, 3) metres.
        covariances: (frames, 3, 3) square metres.
        intrinsics: (frames, 3, 3) in pixels.
    """

    means: Tensor
    covariances: Tensor
    intrinsics: Tensor

    @classmethod
    def seen_from(cls, means: Tensor, covariances: Tensor, extrinsics: Tensor, intrinsics: Tensor) -> "Blobs":
        """The Gaussian of the world (frames, 3), (frames, 3, 3) as cameras (frames, 4, 4) see it, float64."""
        to_camera = inverse(extrinsics.double())
        rotation = to_camera[:, :3, :3]
        local = (rotation @ means.double()[..., None]).squeeze(-1) + to_camera[:, :3, 3]
        return cls(local, rotation @ covariances.double() @ rotation.mT, intrinsics.double())

    def centres(self) -> Tensor:
        """(frames, 2) u and v in pixels of the means."""
        homogeneous = (self.intrinsics @ self.means[..., None]).squeeze(-1)
        return homogeneous[:, :2] / homogeneous[:, 2:]

    def in_sight(self, height: int, width: int, near: float, margin: float) -> Tensor:
        """(frames,) bool: deeper than `near` metres, the centre at most `margin` pixels outside of the picture."""
        u, v = self.centres().unbind(-1)
        across = (u >= -margin) & (u <= width + margin)
        return (self.means[:, 2] > near) & across & (v >= -margin) & (v <= height + margin)

    def chosen(self, frames: Tensor) -> "Blobs":
        """The Gaussian in some of the frames."""
        return Blobs(self.means[frames], self.covariances[frames], self.intrinsics[frames])

    def screen_covariances(self) -> Tensor:
        """(frames, 2, 2) square pixels: J Sigma J^T + 1e-4 I with the Jacobian J of the projection at the mean."""
        x, y, z = self.means.unbind(-1)
        zero, one = torch.zeros_like(z), torch.ones_like(z)
        slopes = torch.stack([one / z, zero, -x / z**2, zero, one / z, -y / z**2], dim=-1).unflatten(-1, (2, 3))
        jacobian = self.intrinsics[:, :2, :2] @ slopes
        identity = torch.eye(2, dtype=z.dtype, device=z.device)
        return jacobian @ self.covariances @ jacobian.mT + SCREEN_VARIANCE * identity

    def opacity(self, height: int, width: int, threshold: float) -> Tensor:
        """(frames, height, width) float32 in 0..1.

        The density q of the projected Gaussian over its largest value in the picture, then (q - threshold) /
        (1 - threshold), at least 0.
        """
        # |L^T d|^2 with L L^T the inverse covariance: unlike d^T C d, its terms do not cancel for slanted, thin blobs.
        whitening = torch.linalg.cholesky(torch.linalg.inv(self.screen_covariances())).mT
        u, v = _pixel_centres(height, width, whitening.device)
        offset_u = u - self.centres()[:, 0, None]
        offset_v = v - self.centres()[:, 1, None]
        first = (whitening[:, 0, 0, None] * offset_u).float()[:, None]
        second = (whitening[:, 0, 1, None] * offset_v).float()[..., None]
        third = (whitening[:, 1, 1, None] * offset_v).float()[..., None]
        distance = (first + second).square_().add_(third.square())
        distance -= distance.amin((1, 2), keepdim=True)
        density = distance.mul_(-0.5).exp_()
        return density.sub_(threshold).div_(1.0 - threshold).clamp_(min=0.0)

    def depth(self, height: int, width: int, sigmas: float, near: float) -> tuple[Tensor, Tensor]:
        """Where rays through pixel centres meet the Gaussian.

        Args:
            height, width: of the picture in pixels.
            sigmas: size of the ellipsoid in standard deviations.
            near: metres; an ellipsoid around the camera has this depth.

        Returns:
            (frames, height, width) float32 metres along the camera's z axis: of the front of the ellipsoid, or, where a
            ray misses it, of the largest density along the ray. And bool, where a ray hits it in front of `near`.
        """
        # Whitened, the ellipsoid is a sphere of radius `sigmas` around `centre`, and rays start at the origin.
        whitening = torch.linalg.inv(torch.linalg.cholesky(self.covariances))
        centre = (whitening @ self.means[..., None]).squeeze(-1)
        slopes = whitening @ torch.linalg.inv(self.intrinsics)
        ray = _along_pixels(slopes, height, width)
        # |ray x centre| is the ray's distance from the centre times |ray|, without the cancellation of b^2 - a c.
        aside = _along_pixels(torch.linalg.cross(slopes, centre[..., None].expand_as(slopes), dim=1), height, width)
        squared = ray.square().sum(1)
        forward = (ray * centre.float()[..., None, None]).sum(1)
        rest = sigmas**2 * squared - aside.square().sum(1)
        root = rest.clamp(min=0.0).sqrt_()
        hit = (rest >= 0.0) & (forward + root > near * squared)
        return ((forward - root) / squared).clamp_(min=near), hit


def _pixel_centres(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    u = torch.arange(width, dtype=torch.float64, device=device) + 0.5
    return u, torch.arange(height, dtype=torch.float64, device=device) + 0.5


def _along_pixels(matrix: Tensor, height: int, width: int) -> Tensor:
    """(frames, 3, height, width) float32: matrix (frames, 3, 3) @ (u, v, 1) at pixel centres."""
    u, v = _pixel_centres(height, width, matrix.device)
    across = matrix[..., 0, None] * u
    down = matrix[..., 1, None] * v + matrix[..., 2, None]
    return across.float()[:, :, None] + down.float()[..., None]
