"""The action layouts, by name."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from .layout import ActionLayout


@cache
def all_layouts() -> Mapping[str, ActionLayout]:
    """All layouts by name: every module of this package that defines `LAYOUT`."""
    folder = str(Path(__file__).parent)
    modules = (import_module(f".{found.name}", __package__) for found in pkgutil.iter_modules([folder]))
    layouts = [module.LAYOUT for module in modules if hasattr(module, "LAYOUT")]
    return MappingProxyType({layout.name: layout for layout in sorted(layouts, key=lambda layout: layout.name)})


def find_layout(name: str) -> ActionLayout:
    """The layout with this name. Raises ValueError that lists the known ones."""
    if name not in all_layouts():
        raise ValueError(f"There is no action layout '{name[:40]}'; known layouts are {', '.join(all_layouts())}.")
    return all_layouts()[name]
