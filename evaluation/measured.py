"""What was measured, in files that an interrupted evaluation goes on from.

measured/<variant>.json    clip name -> numbers, and a key of all that they depend on
"""

import hashlib
import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..training.clips import Clip as ListedClip
from ..world.formats.files import read_text, write_file
from .variants import Variant

logger = logging.getLogger(__name__)

FOLDER = "measured"

VERSION = 2
"""To be raised when a metric changes its meaning, so that older numbers are measured anew."""

Numbers = dict[str, float]


@dataclass(frozen=True)
class Measurement:
    """Numbers of one variant for one clip.

    Attributes:
        key: of all that they depend on.
        all_views: from `evaluate_clip`; None for front views alone.
        front: the same for the front view.
        seconds: that sampling and decoding the clip took; None for controls.
    """

    key: str
    all_views: Numbers | None
    front: Numbers
    seconds: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, None for a number that is missing."""
        return {
            "key": self.key,
            "all_views": None if self.all_views is None else without_nan(self.all_views),
            "front": without_nan(self.front),
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Measurement":
        """Inverse of `to_dict`."""
        all_views = None if values["all_views"] is None else _with_nan(values["all_views"])
        return cls(str(values["key"]), all_views, _with_nan(values["front"]), values["seconds"])


def without_nan(numbers: Mapping[str, float]) -> dict[str, float | None]:
    """Numbers for JSON, which has no NaN."""
    return {name: None if math.isnan(value) else value for name, value in numbers.items()}


def _with_nan(numbers: Mapping[str, float | None]) -> Numbers:
    return {name: math.nan if value is None else float(value) for name, value in numbers.items()}


def key_of(variant: Variant, clip: ListedClip, lpips: bool) -> str:
    """Digest of all that a variant's numbers for a clip depend on."""
    content = [VERSION, variant.name, variant.depends_on(clip), clip.fingerprint(), lpips]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


class Measured:
    """The measurements of one variant.

    Args:
        folder: of the evaluation.
        variant: name.
    """

    def __init__(self, folder: Path, variant: str) -> None:
        self.path = folder / FOLDER / f"{variant}.json"
        self.clips = self._read()
        self._changed = False

    def _read(self) -> dict[str, Measurement]:
        if not self.path.is_file():
            return {}
        try:
            values = json.loads(read_text(self.path))
            return {name: Measurement.from_dict(clip) for name, clip in values.items()}
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            logger.warning("%s is broken (%s) and measured anew.", self.path, error)
            return {}

    def has(self, clip: str, key: str) -> bool:
        """Whether a clip was measured under this key."""
        return clip in self.clips and self.clips[clip].key == key

    def put(self, clip: str, measurement: Measurement) -> None:
        self.clips[clip] = measurement
        self._changed = True

    def write(self) -> None:
        """Write the file if anything was added."""
        if self._changed:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            values = {name: self.clips[name].to_dict() for name in sorted(self.clips)}
            write_file(self.path, (json.dumps(values, allow_nan=False) + "\n").encode())
            self._changed = False
