"""Gaussians as pictures: opacity by EWA projection, depth by ray-ellipsoid intersection.

The projection is Zwicker et al.'s EWA splatting, linearised at the mean, as VerseCrafter uses it for its control maps;
the ellipsoid replaces its triangle mesh.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..poses import inverse

SCREEN_VARIANCE = 1e-4
"""Square pixels added to the projected covariance."""


Window = tuple[slice, slice]
"""Rows and columns of a picture, both with first and last + 1."""


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

    def window(self, height: int, width: int, threshold: float, sigmas: float) -> Window:
        """Part of the picture outside of which the Gaussian has neither opacity nor depth, in all frames.

        Args:
            height, width: of the picture in pixels.
            threshold: as for `opacity`.
            sigmas: as for `depth`.
        """
        size = self.means.new_tensor([width, height])
        centres, covariances = self.centres(), self.screen_covariances()
        # The largest density in the picture is no less than that at the pixel nearest to the centre.
        offset = torch.minimum(centres.floor().clamp(min=0.0), size - 1.0) + 0.5 - centres
        least = (offset * torch.linalg.solve(covariances, offset)).sum(-1)
        squared = least - 2.0 * math.log(threshold) if threshold else torch.full_like(least, math.inf)
        reach = (squared[:, None] * covariances.diagonal(dim1=1, dim2=2)).sqrt()
        low, high = self._outline(sigmas)
        # A pixel more on each side, since pictures are drawn in single precision.
        low = torch.minimum(low, centres - reach).amin(0).floor() - 1.0
        high = torch.maximum(high, centres + reach).amax(0).ceil() + 1.0
        left, top = low.clamp(min=0.0).int().tolist()
        right, bottom = torch.minimum(high, size).int().tolist()
        return slice(top, bottom), slice(left, right)

    def _outline(self, sigmas: float) -> tuple[Tensor, Tensor]:
        """Least and largest u and v, (frames, 2) each, of the ellipsoid; infinite where it is not all in front.

        Lines u = const touch its outline where c11 - 2 u c13 + u^2 c33 = 0, with c = K (m m^T - sigmas^2 Sigma) K^T.
        """
        dual = self.means[:, :, None] * self.means[:, None] - sigmas**2 * self.covariances
        dual = self.intrinsics @ dual @ self.intrinsics.mT
        ahead = dual[:, 2:, 2]
        middle = dual[:, :2, 2] / ahead
        half = (middle.square() - dual.diagonal(dim1=1, dim2=2)[:, :2] / ahead).clamp(min=0.0).sqrt()
        low, high = middle - half, middle + half
        return torch.where(ahead > 0.0, low, -math.inf), torch.where(ahead > 0.0, high, math.inf)

    def opacity(self, window: Window, threshold: float) -> Tensor:
        """(frames, rows, columns) float32 in 0..1.

        The density q of the projected Gaussian over its largest value in the window, then (q - threshold) /
        (1 - threshold), at least 0.
        """
        # |L^T d|^2 with L L^T the inverse covariance: unlike d^T C d, its terms do not cancel for slanted, thin blobs.
        whitening = torch.linalg.cholesky(torch.linalg.inv(self.screen_covariances())).mT
        u, v = _pixel_centres(window, whitening.device)
        offset_u = u - self.centres()[:, 0, None]
        offset_v = v - self.centres()[:, 1, None]
        first = (whitening[:, 0, 0, None] * offset_u).float()[:, None]
        second = (whitening[:, 0, 1, None] * offset_v).float()[..., None]
        third = (whitening[:, 1, 1, None] * offset_v).float()[..., None]
        distance = (first + second).square_().add_(third.square())
        distance -= distance.amin((1, 2), keepdim=True)
        density = distance.mul_(-0.5).exp_()
        return density.sub_(threshold).div_(1.0 - threshold).clamp_(min=0.0)

    def depth(self, window: Window, sigmas: float, near: float) -> tuple[Tensor, Tensor]:
        """Where rays through pixel centres meet the Gaussian.

        Args:
            window: whose pixels these are.
            sigmas: size of the ellipsoid in standard deviations.
            near: metres; an ellipsoid around the camera has this depth.

        Returns:
            (frames, rows, columns) float32 metres along the camera's z axis: of the front of the ellipsoid, or, where a
            ray misses it, of the largest density along the ray. And bool, where a ray hits it in front of `near`.
        """
        # Whitened, the ellipsoid is a sphere of radius `sigmas` around `centre`, and rays start at the origin.
        whitening = torch.linalg.inv(torch.linalg.cholesky(self.covariances))
        centre = (whitening @ self.means[..., None]).squeeze(-1)
        slopes = whitening @ torch.linalg.inv(self.intrinsics)
        ray = _along_pixels(slopes, window)
        # |ray x centre| is the ray's distance from the centre times |ray|, without the cancellation of b^2 - a c.
        aside = _along_pixels(torch.linalg.cross(slopes, centre[..., None].expand_as(slopes), dim=1), window)
        squared = ray.square().sum(1)
        forward = (ray * centre.float()[..., None, None]).sum(1)
        rest = sigmas**2 * squared - aside.square().sum(1)
        root = rest.clamp(min=0.0).sqrt_()
        hit = (rest >= 0.0) & (forward + root > near * squared)
        return ((forward - root) / squared).clamp_(min=near), hit


def _pixel_centres(window: Window, device: torch.device) -> tuple[Tensor, Tensor]:
    """Their u (columns,) and v (rows,), float64."""
    rows, columns = (torch.arange(side.start, side.stop, dtype=torch.float64, device=device) for side in window)
    return columns + 0.5, rows + 0.5


def _along_pixels(matrix: Tensor, window: Window) -> Tensor:
    """(frames, 3, rows, columns) float32: matrix (frames, 3, 3) @ (u, v, 1) at pixel centres."""
    u, v = _pixel_centres(window, matrix.device)
    across = matrix[..., 0, None] * u
    down = matrix[..., 1, None] * v + matrix[..., 2, None]
    return across.float()[:, :, None] + down.float()[..., None]
