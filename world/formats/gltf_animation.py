"""glTF's animations: the translation, rotation or scale of a node at any time, from its keyframes (section 3.11)."""

import logging
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.spatial.transform import Rotation, Slerp

from .gltf_buffers import Array, GltfFile
from .json_values import JsonValue

logger = logging.getLogger(__name__)

PROPERTIES = ("translation", "rotation", "scale")
"""Animated properties of nodes; rotations are quaternions x y z w."""

INTERPOLATIONS = ("LINEAR", "STEP", "CUBICSPLINE")


@dataclass(frozen=True)
class Channel:
    """A property of a node over time.

    Attributes:
        place: for messages.
        is_rotation: whether the values are quaternions.
        interpolation: one of `INTERPOLATIONS`.
        times: (keys) seconds, increasing.
        values: (keys, components).
        in_tangents, out_tangents: (keys, components) per second, of CUBICSPLINE only.
    """

    place: str
    is_rotation: bool
    interpolation: str
    times: Array
    values: Array
    in_tangents: Array | None = None
    out_tangents: Array | None = None

    def at(self, seconds: Array) -> Array:
        """(samples, components) at times (samples); before the first and after the last key their values hold."""
        clamped = np.clip(seconds, self.times[0], self.times[-1])
        if len(self.times) == 1:
            return np.repeat(self.values, len(clamped), axis=0)
        if self.interpolation == "STEP":
            # Times are float32: a key counts as reached where only rounding puts it after the sample.
            reached = clamped + 1e-6 * np.maximum(np.abs(clamped), 1e-3)
            return self.values[np.searchsorted(self.times, reached, side="right") - 1]
        if self.interpolation == "CUBICSPLINE":
            return self._cubic(clamped)
        if self.is_rotation:
            return Slerp(self.times, Rotation.from_quat(self.values))(clamped).as_quat()
        return make_interp_spline(self.times, self.values, k=1)(clamped)

    def _cubic(self, seconds: Array) -> Array:
        """Hermite's cubic between the keys; unlike SciPy's, a key may have two tangents."""
        assert self.in_tangents is not None
        assert self.out_tangents is not None
        key = np.clip(np.searchsorted(self.times, seconds, side="right") - 1, 0, len(self.times) - 2)
        length = (self.times[key + 1] - self.times[key])[:, None]
        s = (seconds - self.times[key])[:, None] / length
        # Appendix C.5 of the specification.
        return (
            (2.0 * s**3 - 3.0 * s**2 + 1.0) * self.values[key]
            + length * (s**3 - 2.0 * s**2 + s) * self.out_tangents[key]
            + (3.0 * s**2 - 2.0 * s**3) * self.values[key + 1]
            + length * (s**3 - s**2) * self.in_tangents[key + 1]
        )


def _check_quaternions(values: Array, place: str) -> None:
    short = np.linalg.norm(values, axis=1) < 1e-6
    if short.any():
        raise ValueError(f"{place}, key {int(np.argmax(short))}: the rotation is a quaternion of length 0.")


def _channel(file: GltfFile, sampler: JsonValue, path: str, place: str) -> Channel:
    method = sampler.get("interpolation")
    interpolation = "LINEAR" if method is None else method.text()
    if method is not None and interpolation not in INTERPOLATIONS:
        raise method.wrong(f"one of {', '.join(INTERPOLATIONS)}")
    times = file.numbers(sampler.key("input"), "SCALAR")[:, 0]
    late = np.flatnonzero(np.diff(times) <= 0.0)
    if late.size:
        key = int(late[0]) + 1
        raise ValueError(f"{place}, key {key}: time {times[key]:g} s does not come after {times[key - 1]:g} s.")
    values = file.numbers(sampler.key("output"), "VEC4" if path == "rotation" else "VEC3")
    cubic = interpolation == "CUBICSPLINE"
    expected = len(times) * (3 if cubic else 1)
    if len(values) != expected:
        raise ValueError(
            f"{place}: {interpolation} over {len(times)} times needs {expected} values, given {len(values)}."
        )
    is_rotation = path == "rotation"
    if not cubic:
        if is_rotation:
            _check_quaternions(values, place)
        return Channel(place, is_rotation, interpolation, times, values)
    entering, values, leaving = values[0::3], values[1::3], values[2::3]
    if is_rotation:
        _check_quaternions(values, place)
    return Channel(place, is_rotation, interpolation, times, values, entering, leaving)


def read_channels(file: GltfFile, wanted: set[int]) -> dict[tuple[int, str], Channel]:
    """The channels of all animations that move one of the nodes in `wanted`, by node and property.

    Where two animations move one property of a node, the first holds, with a warning.

    Raises:
        ValueError: naming animation and channel, if a sampler is broken.
    """
    channels: dict[tuple[int, str], Channel] = {}
    doubled: dict[str, None] = {}
    for animation in file.entries("animations"):
        samplers = animation.key("samplers").items()
        for item in animation.key("channels").items():
            target = item.key("target")
            node, path = target.get("node"), target.key("path").text()
            if node is None or path not in PROPERTIES:
                continue
            key = (file.position("nodes", node), path)
            if key[0] not in wanted:
                continue
            index = item.key("sampler")
            if isinstance(index.value, bool) or index.value not in range(len(samplers)):
                raise index.wrong(f"the index of one of {len(samplers)} samplers")
            if key in channels:
                doubled[item.field] = None
            else:
                channels[key] = _channel(file, samplers[index.value], path, item.field)
    if doubled:
        logger.warning("%s: %s move what another channel moves already; left out.", file.path, ", ".join(doubled))
    return channels
