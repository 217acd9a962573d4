import hashlib
import random
import re
import shutil

import pytest
from filelock import FileLock

from shared_world.models.downloading import PARTIAL, DownloadError, download
from shared_world.models.published_files import PUBLISHED_FILES, Licence, PublishedFile
from shared_world.tests.comfyui.failures import one_sentence
from shared_world.tests.local_hub import COMMIT, LocalHub

# huggingface_hub hands on what it received in blocks of ten MiB: less than two blocks could not be resumed.
BLOCK = 10 * 2**20
CONTENT = random.Random(0).randbytes(2 * BLOCK + 2**19)
FILE = PublishedFile(
    "a file", "owner/name", "folder/weights.safetensors", "vae", "weights_1b.safetensors", 1, Licence("free", ("page",))
)


class Stopped(Exception):
    """What a user's interrupt raises."""


class Progress(list):
    """Hears of a download, and stops it once more than `stop_after` bytes are there."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.stop_after = stop_after

    def __call__(self, done, total):
        self.append((done, total))
        if self.stop_after is not None and done > self.stop_after:
            raise Stopped


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def hub():
    with LocalHub(CONTENT) as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    """A folder that does not exist yet, as models/geometry_estimation of an older ComfyUI."""
    return tmp_path / "models"


def fetch(hub, folder, file=FILE, report=None, existing=None):
    return download(file, folder, Progress() if report is None else report, existing, endpoint=hub.url)


def refusal(*arguments, **options):
    with pytest.raises(DownloadError) as failed:
        fetch(*arguments, **options)
    return one_sentence(str(failed.value))


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def left_over(hub, folder):
    """The unfinished file, after a transfer that broke when two blocks had arrived and was refused afterwards."""
    hub.breaks_at = 2 * BLOCK
    refusal(hub, folder)
    (partial,) = folder.glob(f"*{PARTIAL}")
    return partial


def test_file_arrives_complete_and_alone_in_its_folder(hub, folder):
    progress = Progress()
    found = fetch(hub, folder, report=progress)
    assert names(folder) == [FILE.name]
    assert (folder / FILE.name).read_bytes() == CONTENT
    assert found.path == folder / FILE.name
    assert (found.size, found.sha256, found.transferred) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), True)
    assert progress[-1] == (len(CONTENT), len(CONTENT))


def test_content_is_asked_for_at_the_commit_that_was_described(hub, folder):
    """A push between the question and the transfer would otherwise splice two versions."""
    fetch(hub, folder)
    paths = [path for method, path, _ in hub.requests if method == "GET"]
    assert paths[0] == f"/{FILE.repository}/resolve/{COMMIT}/{FILE.path}"


def test_broken_transfer_is_resumed_where_it_broke(hub, folder):
    partial = left_over(hub, folder)
    arrived = partial.stat().st_size
    assert arrived == 2 * BLOCK
    assert partial.read_bytes() == CONTENT[:arrived]
    assert not (folder / FILE.name).exists()

    hub.breaks_at, hub.refuses = None, 0
    before = len(hub.ranges())
    fetch(hub, folder)
    assert hub.ranges()[before:] == [f"bytes={arrived}-"]
    assert (folder / FILE.name).read_bytes() == CONTENT
    assert names(folder) == [FILE.name]


def test_complete_but_unchecked_content_is_not_transferred_again(hub, folder):
    """A user who interrupts the check has everything already."""
    with pytest.raises(Stopped):
        fetch(hub, folder, report=Progress(stop_after=len(CONTENT) - 1))
    asked = len(hub.ranges())
    fetch(hub, folder)
    assert len(hub.ranges()) == asked
    assert names(folder) == [FILE.name]


def test_interrupt_ends_a_transfer_that_stalls_and_the_next_one_goes_on(hub, folder):
    hub.stalls_at = 2 * BLOCK
    with pytest.raises(Stopped):
        fetch(hub, folder, report=Progress(stop_after=2**20))
    assert not hub.go_on.is_set()  # the server still keeps the transfer waiting
    (partial,) = folder.glob(f"*{PARTIAL}")
    arrived = partial.stat().st_size
    assert arrived >= BLOCK
    hub.stalls_at = None
    hub.go_on.set()  # the rest of the first transfer comes now, and must not be written
    fetch(hub, folder)
    assert hub.ranges() == [None, f"bytes={arrived}-"]
    assert (folder / FILE.name).read_bytes() == CONTENT
    assert names(folder) == [FILE.name]


def test_interrupt_does_not_wait_for_a_server_that_never_answers(hub, folder):
    hub.silent = True
    with pytest.raises(Stopped):
        fetch(hub, folder, report=Progress(stop_after=-1))
    assert not hub.go_on.is_set()
    assert names(folder) == []


def test_content_with_another_sum_than_the_server_states_is_not_put_in_place(hub, folder):
    hub.etag = "a" * 64
    message = refusal(hub, folder)
    assert f"{FILE.name} arrived with SHA-256 {hashlib.sha256(CONTENT).hexdigest()} instead of {'a' * 64}" in message
    assert names(folder) == []


def test_content_with_another_sum_than_the_pack_knows_is_not_put_in_place(hub, folder):
    hub.etag = "b" * 40  # as of a file in git itself: says nothing about the content
    known = PublishedFile(**{**vars(FILE), "sha256": "c" * 64})
    assert f"instead of {'c' * 64}" in refusal(hub, folder, known)
    assert names(folder) == []


def test_file_that_was_replaced_in_its_repository_is_refused_before_the_transfer(hub, folder):
    known = PublishedFile(**{**vars(FILE), "sha256": "c" * 64})
    assert f"now offers another {FILE.path}" in refusal(hub, folder, known)
    assert hub.ranges() == []


def test_too_little_room_is_found_before_the_transfer(hub, folder):
    hub.size = 10**18
    message = refusal(hub, folder)
    free = shutil.disk_usage(folder).free / 1e9
    given = float(message.split("but only ")[1].split(" GB")[0])
    assert message.startswith(f"{FILE.name} has 1000000000.00 GB, but only ")
    assert given == pytest.approx(free, rel=0.2)
    assert str(folder) in message
    assert hub.ranges() == []


def test_existing_file_is_compared_and_not_downloaded_again(hub, folder):
    fetch(hub, folder)
    kept = (folder / FILE.name).stat()
    asked = len(hub.ranges())
    found = fetch(hub, folder, existing=folder / FILE.name)
    assert (found.path, found.transferred) == (folder / FILE.name, False)
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert len(hub.ranges()) == asked
    now = (folder / FILE.name).stat()
    assert (now.st_ino, now.st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"mine", "has 4 bytes, but"), (CONTENT[:-1] + b"x", "its SHA-256 is not")],
    ids=["size", "sum"],
)
def test_existing_file_that_is_another_is_left_alone_and_named(hub, folder, content, what):
    folder.mkdir()
    mine = folder / FILE.name
    mine.write_bytes(content)
    message = refusal(hub, folder, existing=mine)
    assert str(mine) in message
    assert what in message
    assert mine.read_bytes() == content
    assert hub.ranges() == []


def test_existing_file_is_accepted_without_a_network(hub, folder, caplog):
    fetch(hub, folder)
    found = download(FILE, folder, Progress(), folder / FILE.name, endpoint="http://127.0.0.1:9")
    assert (found.transferred, found.sha256) == (False, None)
    assert "was not compared" in caplog.text


def test_existing_file_of_known_sum_asks_nobody(hub, folder):
    fetch(hub, folder)
    asked = len(hub.requests)
    known = PublishedFile(**{**vars(FILE), "sha256": hashlib.sha256(CONTENT).hexdigest()})
    assert fetch(hub, folder, known, existing=folder / FILE.name).sha256 == known.sha256
    assert len(hub.requests) == asked


def test_without_a_network_the_message_says_what_to_do_by_hand(folder):
    with pytest.raises(DownloadError) as failed:
        download(FILE, folder, Progress(), endpoint="http://127.0.0.1:9")
    message = one_sentence(str(failed.value))
    for part in (FILE.path, FILE.repository, FILE.name, str(folder), "http://127.0.0.1:9/owner/name/resolve/main/"):
        assert part in message
    assert names(folder) == []


def test_missing_file_is_told_from_a_missing_network(hub, folder):
    hub.missing = True
    assert "HTTP status 404, it has no such file" in refusal(hub, folder)


def test_server_that_is_no_hub_is_named(hub, folder):
    hub.etag = ""
    assert "does not tell size and ETag" in refusal(hub, folder)


def test_left_over_of_a_replaced_version_is_not_continued_and_goes(hub, folder):
    old = left_over(hub, folder)
    other = folder / f"other.safetensors.0123{PARTIAL}"
    other.write_bytes(b"of another file")
    hub.breaks_at, hub.refuses = None, 0
    hub.content = CONTENT[::-1]
    hub.etag = hashlib.sha256(hub.content).hexdigest()
    fetch(hub, folder)
    assert (folder / FILE.name).read_bytes() == hub.content
    assert not old.exists()
    assert names(folder) == [other.name, FILE.name]


def test_two_downloads_of_one_file_do_not_write_into_each_other(hub, folder):
    folder.mkdir()
    with FileLock(folder / f"{FILE.name}{PARTIAL}.lock"):
        assert "by another ComfyUI" in refusal(hub, folder)
    assert hub.ranges() == []
    fetch(hub, folder)
    assert names(folder) == [FILE.name]


def test_folder_that_cannot_be_written_is_named(hub, tmp_path):
    (tmp_path / "models").write_text("a file")
    message = refusal(hub, tmp_path / "models")
    assert f"could not be written to {tmp_path / 'models'}" in message


def test_every_published_file_says_what_may_be_done_with_it():
    for file in PUBLISHED_FILES.values():
        assert file.licence.summary
        assert file.licence.pages
        assert all(page.startswith("https://") for page in file.licence.pages)
        assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)
