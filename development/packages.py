"""pip in the checkout's `.venv`, with failures said in one sentence."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from .locations import ENVIRONMENT, PYTHON, ROOT

PIP_WHEEL = (
    "https://files.pythonhosted.org/packages/44/3c/d717024885424591d5376220b5e836c2d5293ce2011523c9de23ff7bf068/"
    "pip-25.3-py3-none-any.whl"
)
PIP_WHEEL_SHA256 = "9655943313a94722b7774661c21049070f6bbb0a1516bf02f7c8d5d9201514cd"
INDEX_SIGNS = ("No matching distribution found", "connection broken", "ConnectionError", "timed out")


class SetupError(Exception):
    """A step of the set-up failed; the message says why and what to do, in one sentence."""


def pip(*arguments: str) -> None:
    """Run pip in `.venv`; raises SetupError with what it says went wrong."""
    output = failure_of_pip(*arguments)
    if output is not None:
        raise SetupError(explain(output))


def pip_finds(*arguments: str) -> bool:
    """Install something that the index may not have; returns whether it has it."""
    output = failure_of_pip(*arguments)
    if output is None or "No matching distribution found" in output:
        return output is None
    raise SetupError(explain(output))


def failure_of_pip(*arguments: str) -> str | None:
    """Run pip and return its output if it failed."""
    # pip unpacks gigabytes, more than a small /tmp holds.
    temporary = fresh_folder(ENVIRONMENT / "temporary")
    result = subprocess.run(
        [PYTHON, "-m", "pip", *arguments, "--quiet", "--no-input", "--disable-pip-version-check"],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        close_fds=False,  # pip holds the set-up's lock too
        check=False,
    )
    return result.stdout if result.returncode else None


def fresh_folder(folder: Path) -> Path:
    """Return the folder, emptied of what an interrupted run left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def explain(output: str) -> str:
    """Turn pip's output into one sentence."""
    if "No space left on device" in output:
        return f"the disk that holds {ROOT} is full: free some gigabytes and run again."
    if any(sign in output for sign in INDEX_SIGNS):
        return f"the package index does not answer or lacks a package ({last_line(output)}): check network and pip."
    return f"pip failed: {last_line(output)}"


def last_line(output: str) -> str:
    """Return the last line that says ERROR, else the last one."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no output"]
    return next((line for line in reversed(lines) if "ERROR" in line), lines[-1])


def bootstrap_pip() -> None:
    """Install pip from its wheel: Debian's python3 comes without ensurepip."""
    try:
        with urllib.request.urlopen(PIP_WHEEL, timeout=60) as response:
            content = response.read()
    except (urllib.error.URLError, OSError) as error:
        raise SetupError(
            f"this Python has no ensurepip and pip could not be fetched ({error}): "
            "check the network, or install python3-venv."
        ) from error
    wheel = ENVIRONMENT / PIP_WHEEL.rpartition("/")[2]
    check_sha256(wheel.name, content, PIP_WHEEL_SHA256)
    wheel.write_bytes(content)
    subprocess.run([PYTHON, f"{wheel}/pip", "install", "--quiet", "--no-index", wheel], check=True)


def check_sha256(name: str, content: bytes, expected: str) -> None:
    """Refuse a download that is not the pinned one."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise SetupError(f"{name} has sha256 {found}, pinned is {expected}: run again, or check your package index.")


def run_python(code: str, *arguments: str) -> str:
    """Run code in `.venv` and return what it prints."""
    result = subprocess.run([PYTHON, "-c", code, *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        raise SetupError(f"the Python in {ENVIRONMENT} fails ({last_line(result.stderr)}): delete it and run again.")
    return result.stdout


def site_packages() -> Path:
    """Return the folder of `.venv` that packages are installed into."""
    return Path(run_python("import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())


def remove_half_installed() -> None:
    """Remove what a killed pip left: it writes RECORD last, and takes a package without one for installed."""
    for information in site_packages().glob("*.dist-info"):
        if information.name.startswith("~") or not (information / "RECORD").is_file():
            shutil.rmtree(information)
