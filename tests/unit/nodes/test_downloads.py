import random
import subprocess
import sys
from pathlib import Path

import comfy.model_management
import comfy.utils
import folder_paths
import pytest

from shared_world.development.locations import ROOT
from shared_world.models import downloading
from shared_world.models.downloading import DownloadError, download
from shared_world.models.published_files import PUBLISHED_FILES
from shared_world.nodes import downloads
from shared_world.nodes.downloads import DownloadFile, existing_path
from shared_world.nodes.model_folders import SHIPPED_MODELS, folder_for
from shared_world.tests.comfyui.failures import one_sentence
from shared_world.tests.local_hub import LocalHub

BLOCK = 10 * 2**20
"""Bytes of which huggingface_hub hands on what it received."""
CONTENT = random.Random(0).randbytes(BLOCK + 2**19)
TOY = "MultiWorld, It Takes Two, toy data"
KINDS = sorted({file.kind for file in PUBLISHED_FILES.values()})


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    """ComfyUI's folders, one for each kind."""
    for kind in KINDS:
        _, endings = folder_paths.folder_names_and_paths[kind]
        monkeypatch.setitem(folder_paths.folder_names_and_paths, kind, ([str(tmp_path / kind)], endings))
    folder_paths.filename_list_cache.clear()
    return tmp_path


@pytest.fixture
def hub(monkeypatch):
    """A hub on loopback, which the node asks instead of the real one."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with LocalHub(CONTENT) as running:
        monkeypatch.setattr(downloads, "download", lambda *given: download(*given, endpoint=running.url))
        yield running


def offered(kind):
    folder_paths.filename_list_cache.clear()
    return folder_paths.get_filename_list(kind)


def shown(output):
    (text,) = output.ui.as_dict()["text"]
    return text


def test_nothing_is_downloaded_before_the_licence_is_accepted(hub, folders):
    for title, file in PUBLISHED_FILES.items():
        with pytest.raises(ValueError, match="accept_licence") as refused:
            DownloadFile.execute(file=title, accept_licence=False)
        message = one_sentence(str(refused.value))
        assert file.licence.summary in message
        assert all(page in message for page in file.licence.pages)
    assert hub.requests == []
    assert list(folders.iterdir()) == []


def test_licence_is_not_accepted_by_default():
    (accept,) = (entry for entry in DownloadFile.define_schema().inputs if entry.id == "accept_licence")
    assert accept.default is False


def test_both_statements_about_multiworlds_licence_are_told():
    licence = PUBLISHED_FILES[TOY].licence.summary
    assert "CC BY-NC 4.0" in licence
    assert "Apache-2.0" in licence


def test_downloaded_file_is_offered_by_loaders_and_described(hub, folders):
    file = PUBLISHED_FILES[TOY]
    text = shown(DownloadFile.execute(file=TOY, accept_licence=True))
    assert (folders / "diffusion_models" / file.name).read_bytes() == CONTENT
    assert offered("diffusion_models") == [file.name]
    assert f"Downloaded to {folders / 'diffusion_models' / file.name}" in text
    assert f"{len(CONTENT)} bytes" in text
    assert f"SHA-256 verified: {hub.etag}" in text
    assert file.licence.summary in text

    again = shown(DownloadFile.execute(file=TOY, accept_licence=True))
    assert f"Already there: {folders / 'diffusion_models' / file.name}" in again
    assert hub.ranges() == [None]


def test_sum_that_nobody_states_is_said_not_to_be_verified(hub):
    hub.etag = "0123"
    assert "SHA-256 not verified" in shown(DownloadFile.execute(file=TOY, accept_licence=True))


def test_file_in_another_of_the_users_folders_is_found(hub, folders, monkeypatch):
    elsewhere = folders / "elsewhere"
    elsewhere.mkdir()
    file = PUBLISHED_FILES[TOY]
    (elsewhere / file.name).write_bytes(CONTENT)
    known = ([str(folders / "diffusion_models"), str(elsewhere)], {".safetensors"})
    monkeypatch.setitem(folder_paths.folder_names_and_paths, "diffusion_models", known)
    assert f"Already there: {elsewhere / file.name}" in shown(DownloadFile.execute(file=TOY, accept_licence=True))
    assert hub.ranges() == []


@pytest.mark.parametrize("title", PUBLISHED_FILES)
def test_unfinished_files_are_offered_by_no_loader(hub, folders, title, monkeypatch):
    monkeypatch.setattr(comfy.model_management, "throw_exception_if_processing_interrupted", interrupt_when(folders))
    file = PUBLISHED_FILES[title]
    hub.etag = file.sha256 or hub.etag
    hub.stalls_at = BLOCK
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        DownloadFile.execute(file=title, accept_licence=True)
    (left,) = (folders / file.kind).iterdir()
    assert left.name.startswith(file.name)
    assert left.stat().st_size > 0
    assert offered(file.kind) == []
    assert existing_path(file) is None


def interrupt_when(folders):
    """What ComfyUI calls at each step, with an interrupt as soon as something has arrived."""

    def check():
        if any(path.stat().st_size for path in folders.rglob(f"*{downloading.PARTIAL}")):
            raise comfy.model_management.InterruptProcessingException

    return check


def test_progress_is_shown_in_bytes_of_the_real_file(hub, monkeypatch):
    heard = []
    monkeypatch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", lambda done, total, *_, **__: heard.append((done, total)))
    DownloadFile.execute(file=TOY, accept_licence=True)
    assert heard[-1] == (len(CONTENT), len(CONTENT))


def test_text_that_is_no_published_file_is_refused(hub, folders):
    with pytest.raises(ValueError, match=r"^'\.\./evil' is not one of the published files") as refused:
        DownloadFile.execute(file="../evil", accept_licence=True)
    one_sentence(str(refused.value))
    assert hub.requests == []


def test_node_runs_as_long_as_its_file_is_not_there(folders):
    """ComfyUI compares with the run before: a file that was deleted must not count as one that was never there."""
    assert fingerprint() != fingerprint()
    target = folders / "diffusion_models" / PUBLISHED_FILES[TOY].name
    target.parent.mkdir()
    target.write_bytes(b"weights")
    there = fingerprint()
    assert there == fingerprint()
    target.write_bytes(b"other weights")
    assert there != fingerprint()
    target.unlink()
    assert fingerprint() != fingerprint()


def fingerprint():
    return DownloadFile.fingerprint_inputs(file=TOY, accept_licence=True)


def test_files_go_to_the_users_first_folder_and_never_into_the_pack(folders, monkeypatch):
    listed = [
        str(SHIPPED_MODELS / "diffusion_models"),
        str(folders / "unet"),
        str(folders / "mine"),
        str(folders / "b"),
    ]
    monkeypatch.setitem(folder_paths.folder_names_and_paths, "diffusion_models", (listed, {".safetensors"}))
    assert folder_for("diffusion_models") == folders / "mine"


def test_names_of_published_files_stay_in_their_folder():
    for file in PUBLISHED_FILES.values():
        assert Path(file.name).name == file.name
        assert Path(file.name).suffix in folder_paths.folder_names_and_paths[file.kind][1]


def test_error_of_a_download_reaches_the_user_as_it_is(hub, folders):
    hub.missing = True
    with pytest.raises(DownloadError, match="it has no such file"):
        DownloadFile.execute(file=TOY, accept_licence=True)


LIST_NODES = """
import asyncio, socket, sys
opened = []
watched = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind"}
sys.addaudithook(lambda event, given: opened.append((event, given[1:])) if event in watched else None)
from shared_world.development.comfyui_in_process import use_comfyui
use_comfyui()
from shared_world.nodes import SharedWorldExtension
from shared_world.nodes.downloads import DownloadFile
extension = SharedWorldExtension()
async def listed():
    await extension.on_load()
    return await extension.get_node_list()
for node in {*asyncio.run(listed()), DownloadFile}:
    node.GET_SCHEMA()
assert not opened, opened
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError:
    pass
assert opened, "the test cannot see a connection"
"""


def test_importing_the_pack_and_listing_its_nodes_opens_no_connection():
    subprocess.run([sys.executable, "-c", LIST_NODES], cwd=ROOT.parent, check=True, timeout=300)
