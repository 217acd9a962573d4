"""Monocular World-State Unrolling: one agent's video taken apart into cameras, subjects, identities and background.

MetaWorld (section 3.1 and the appendix on its data engine). Depth, camera poses and masks are given; whoever estimates
them is not the concern of this package. The world's up is -y: subjects stand upright in it.
"""

from .files import read_unrolled, write_unrolled
from .identity import Identity, choose_identity
from .result import UnrolledWorld
from .subjects import SubjectOptions, Track, track_subject
from .unroll import UnrollOptions, unroll_video

__all__ = [
    "Identity",
    "SubjectOptions",
    "Track",
    "UnrollOptions",
    "UnrolledWorld",
    "choose_identity",
    "read_unrolled",
    "track_subject",
    "unroll_video",
    "write_unrolled",
]
