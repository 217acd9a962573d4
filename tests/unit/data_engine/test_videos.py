import pytest

from shared_world.data_engine.videos import find_videos


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_folders_are_searched_and_what_lies_beside_a_video_is_none(tmp_path):
    touch(tmp_path, "b.mp4", "a/ride.MOV", "a/ride.depth.mkv", "notes.txt", "a/ride.agents.json")
    videos = find_videos([tmp_path], [".depth.mkv", ".agents.json"])
    assert [video.name for video in videos] == ["a/ride.MOV", "b.mp4"]
    assert videos[0].beside(".depth.mkv") == tmp_path / "a" / "ride.depth.mkv"
    assert [video.name for video in find_videos([tmp_path])] == ["a/ride.MOV", "a/ride.depth.mkv", "b.mp4"]


def test_files_are_taken_by_name_and_once(tmp_path):
    touch(tmp_path, "b.mp4", "clip.any")
    files = [tmp_path / "clip.any", tmp_path / "b.mp4", tmp_path]
    assert [video.name for video in find_videos(files)] == ["b.mp4", "clip.any"]


def test_missing_and_ambiguous_videos_are_named(tmp_path):
    touch(tmp_path, "one/ride.mp4", "two/ride.mp4", "none/notes.txt")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_videos([tmp_path / "nowhere"])
    with pytest.raises(ValueError, match="There is no video in"):
        find_videos([tmp_path / "none"])
    with pytest.raises(ValueError, match=r"are both called 'ride\.mp4'"):
        find_videos([tmp_path / "one", tmp_path / "two"])
