"""Files that are whole, sharded, renamed, foreign or damaged: what is read, and the sentence where nothing is."""

import json
import logging
import os
import pickle
import resource
import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch

from shared_world.models.checkpoints import (
    Checkpoint,
    CheckpointError,
    floating_dtype,
    open_checkpoint,
    read_tensors,
    recognise,
    require_complete,
    write_checkpoint,
)

TENSORS = {"patch_embed.proj.weight": torch.arange(12.0).view(3, 4), "proj_out.bias": torch.ones(5)}
DEEPLY_NESTED = pytest.param(b"[" * 10**5, id="deeply nested")
INDEX = "diffusion_pytorch_model.safetensors.index.json"


def same_tensors(given, expected):
    return given.keys() == expected.keys() and all(torch.equal(given[name], expected[name]) for name in expected)


def refusal(path: Path) -> str:
    """The sentence with which a file is refused: one, that names the file and ends with a full stop."""
    with pytest.raises(CheckpointError) as error:
        open_checkpoint(path)
    sentence = str(error.value)
    assert path.name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def with_header(header: object, data: bytes = b"") -> bytes:
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + data


def entry(**changes: object) -> dict:
    return {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | changes}


def write_shards(folder: Path, tensors: dict, record: dict, count: int = 3) -> list[Path]:
    """A sharded folder as diffusers writes it; the record is in the last shard."""
    folder.mkdir(exist_ok=True)
    names = sorted(tensors)
    paths, weight_map = [], {}
    for number in range(count):
        path = folder / f"diffusion_pytorch_model-{number + 1:05}-of-{count:05}.safetensors"
        part = {name: tensors[name] for name in names[number::count]}
        if number == count - 1:
            write_checkpoint(path, part, record)
        else:
            safetensors.torch.save_file(part, path)
        weight_map |= dict.fromkeys(part, path.name)
        paths.append(path)
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    return paths


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "model.safetensors"
    write_checkpoint(path, TENSORS, {"system": "shareverse", "options": {"cross_agent": "attention"}})
    return path


class TestWholeFiles:
    def test_tensors_and_record_come_back(self, written):
        checkpoint = open_checkpoint(str(written))
        assert checkpoint.files == (written,)
        assert checkpoint.shapes == {"patch_embed.proj.weight": (3, 4), "proj_out.bias": (5,)}
        assert checkpoint.record == {"system": "shareverse", "options": {"cross_agent": "attention"}}
        assert same_tensors(read_tensors(checkpoint), TENSORS)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float64, torch.int8])
    def test_every_dtype_comes_back(self, tmp_path, dtype):
        tensors = {"w": torch.arange(6).view(2, 3).to(dtype)}
        write_checkpoint(tmp_path / "w.safetensors", tensors, {})
        assert read_tensors(open_checkpoint(tmp_path / "w.safetensors"))["w"].dtype == dtype

    def test_transposed_tensors_and_parameters_are_written_as_they_look(self, tmp_path):
        transposed = torch.nn.Parameter(torch.arange(6.0).view(2, 3)).T
        write_checkpoint(tmp_path / "w.safetensors", {"w": transposed}, {})
        assert torch.equal(read_tensors(open_checkpoint(tmp_path / "w.safetensors"))["w"], transposed)

    def test_file_without_record_has_an_empty_one(self, tmp_path):
        safetensors.torch.save_file(TENSORS, tmp_path / "plain.safetensors")
        assert open_checkpoint(tmp_path / "plain.safetensors").record == {}

    def test_opening_reads_no_weights(self, tmp_path):
        path = tmp_path / "large.safetensors"
        path.write_bytes(with_header(entry(shape=[2**30], data_offsets=[0, 2**32])))
        os.truncate(path, path.stat().st_size + 2**32)
        assert open_checkpoint(path).shapes == {"w": (2**30,)}

    def test_prefix_is_taken_off_names_and_found_again_when_reading(self, tmp_path):
        path = tmp_path / "prefixed.safetensors"
        tensors = {f"model.diffusion_model.{name}": tensor for name, tensor in TENSORS.items()}
        safetensors.torch.save_file(tensors, path)
        assert same_tensors(read_tensors(open_checkpoint(path)), TENSORS)

    def test_most_common_dtype_counts_numbers_not_tensors(self):
        tensors = {"a": torch.zeros(9, dtype=torch.bfloat16), "b": torch.zeros(4), "c": torch.zeros(4)}
        assert floating_dtype(tensors) == torch.bfloat16


class TestWriting:
    def test_existing_file_survives_a_write_that_fails_half_way(self, written):
        before = written.read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(safetensors.SafetensorError, match="File too large"):
                write_checkpoint(written, {"w": torch.zeros(1000)}, {})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert written.read_bytes() == before
        assert list(written.parent.iterdir()) == [written]

    def test_record_that_is_no_json_writes_nothing(self, written):
        before = written.read_bytes()
        with pytest.raises(TypeError):
            write_checkpoint(written, TENSORS, {"options": object()})
        assert written.read_bytes() == before
        assert list(written.parent.iterdir()) == [written]

    def test_existing_file_is_replaced(self, written):
        write_checkpoint(written, {"w": torch.zeros(1)}, {})
        assert open_checkpoint(written).shapes == {"w": (1,)}


class TestShards:
    @pytest.fixture
    def shards(self, tmp_path, base_weights):
        return write_shards(tmp_path / "transformer", base_weights, {"network": {"text_tokens": 4}})

    def test_folder_index_and_any_shard_are_the_whole_checkpoint(self, shards, base_weights):
        for chosen in (shards[0].parent, shards[0].parent / INDEX, *shards):
            checkpoint = open_checkpoint(chosen)
            assert checkpoint.kind == "CogVideoX-I2V"
            assert checkpoint.record == {"network": {"text_tokens": 4}}
            assert same_tensors(read_tensors(checkpoint), base_weights)

    def test_folder_with_one_file_and_no_index(self, tmp_path):
        write_checkpoint(tmp_path / "diffusion_pytorch_model.safetensors", TENSORS, {})
        assert same_tensors(read_tensors(open_checkpoint(tmp_path)), TENSORS)

    def test_file_beside_the_index_of_another_model_is_read_alone(self, shards):
        # Its name is the end of a listed one.
        own = shards[0].with_name(shards[0].name.removeprefix("diffusion_pytorch_"))
        write_checkpoint(own, TENSORS, {})
        assert open_checkpoint(own).files == (own,)

    @pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"[1]", b'{"weight_map": [1]}'])
    def test_file_beside_a_damaged_index_is_read_alone(self, written, damage, caplog):
        (written.parent / INDEX).write_bytes(damage)
        assert open_checkpoint(written).files == (written,)
        assert INDEX in caplog.text

    @pytest.mark.parametrize("lost", [[0], [0, 2]])
    def test_missing_shards_are_named(self, shards, lost):
        for number in lost:
            shards[number].unlink()
        with pytest.raises(
            CheckpointError, match=r"lists 3 files, of which .* not there; download the missing"
        ) as error:
            open_checkpoint(shards[1])
        assert [path.name in str(error.value) for path in shards] == [number in lost for number in range(3)]

    def test_cut_shard_is_named(self, shards):
        os.truncate(shards[1], shards[1].stat().st_size - 1)
        with pytest.raises(CheckpointError, match=f"{shards[1].name} is cut off"):
            open_checkpoint(shards[0].parent)

    @pytest.mark.parametrize(
        "damage",
        [b"", b"{", b"\xff\xfe", b"[1]", b"{}", b'{"weight_map": 3}', b'{"weight_map": {"a": 1}}', DEEPLY_NESTED],
    )
    def test_damaged_index_is_named(self, shards, damage):
        index = shards[0].parent / INDEX
        index.write_bytes(damage)
        assert "is damaged" in refusal(index)

    @pytest.mark.parametrize("outside", ["../secret.safetensors", "{folder}/secret.safetensors", "..", "", "/"])
    def test_index_cannot_lead_out_of_its_folder(self, tmp_path, outside):
        folder = tmp_path / "transformer"
        folder.mkdir()
        write_checkpoint(tmp_path / "secret.safetensors", TENSORS, {})
        listed = outside.format(folder=tmp_path)
        (folder / INDEX).write_text(json.dumps({"weight_map": {"w": listed}}))
        assert "lists 1 files" in refusal(folder / INDEX)

    def test_index_of_nothing_holds_no_tensors(self, tmp_path):
        (tmp_path / INDEX).write_text('{"weight_map": {}}')
        assert "holds no tensors" in refusal(tmp_path / INDEX)

    def test_folder_of_several_models_asks_which(self, tmp_path):
        for name in ("a.safetensors", "b.safetensors"):
            write_checkpoint(tmp_path / name, TENSORS, {})
        assert "holds 2 safetensors files and no index; choose one" in refusal(tmp_path)

    def test_folder_without_model(self, tmp_path):
        (tmp_path / "config.json").write_text("{}")
        assert "holds no safetensors file" in refusal(tmp_path)


class TestDamage:
    def test_missing_file(self, tmp_path):
        assert "does not exist" in refusal(tmp_path / "gone.safetensors")

    def test_empty_file(self, tmp_path):
        path = tmp_path / "empty.safetensors"
        path.touch()
        assert "is empty (0 bytes)" in refusal(path)

    # The smallest header of 0x80 bytes starts like a pickle.
    @pytest.mark.parametrize("padding", [0, 128 - len(json.dumps(entry()))])
    @pytest.mark.parametrize("cut", [5, 7, 8, 9, 20, 60])
    def test_cut_header_is_told_from_the_length_it_announces(self, tmp_path, cut, padding):
        path = tmp_path / "cut.safetensors"
        content = with_header(json.dumps(entry()).encode() + b" " * padding, b"1234")
        path.write_bytes(content[:cut])
        sentence = refusal(path)
        if cut > 8 or not padding:
            assert f"cut off: its header alone needs {len(content) - 4} bytes, the file has {cut}" in sentence

    @pytest.mark.parametrize("lost", [1, 10, 60])
    def test_cut_data_says_how_much_is_there(self, written, lost):
        size = written.stat().st_size
        os.truncate(written, size - lost)
        assert f"cut off: it should have {size} bytes and has {size - lost}" in refusal(written)

    def test_surplus_bytes(self, written):
        with written.open("ab") as file:
            file.write(b"more")
        assert "cannot be read as safetensors" in refusal(written)

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_pickle_is_not_opened(self, tmp_path, protocol):
        class Trap:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "executed",))

        path = tmp_path / "model.safetensors"
        path.write_bytes(pickle.dumps({"state_dict": Trap()}, protocol))
        assert "is a Python pickle" in refusal(path)
        assert not (tmp_path / "executed").exists()

    @pytest.mark.parametrize("name", ["model.safetensors", "model.pt", "model.ckpt"])
    @pytest.mark.parametrize("new_format", [True, False])
    def test_torch_file_is_not_opened(self, tmp_path, name, new_format):
        path = tmp_path / name
        torch.save(TENSORS, path, _use_new_zipfile_serialization=new_format)
        assert "is a Python pickle" in refusal(path)

    def test_safetensors_under_another_name_is_not_left_to_a_reader_that_goes_by_names(self, tmp_path):
        path = tmp_path / "model.bin"
        safetensors.torch.save_file(TENSORS, path)
        assert "rename it to end in .safetensors" in refusal(path)

    @pytest.mark.parametrize("seed", range(5))
    def test_random_bytes(self, tmp_path, seed):
        path = tmp_path / "noise.safetensors"
        generator = torch.Generator().manual_seed(seed)
        path.write_bytes(bytes(torch.randint(256, (1000,), generator=generator).tolist()))
        assert "not a safetensors file" in refusal(path)

    @pytest.mark.parametrize(
        "text", [b"<!DOCTYPE html><html>Not found</html>", b'{"error": "gated"}', b"version https://g"]
    )
    def test_web_page_or_pointer_saved_instead_of_a_model(self, tmp_path, text):
        path = tmp_path / "page.safetensors"
        path.write_bytes(text)
        assert "not a safetensors file" in refusal(path)

    @pytest.mark.parametrize(
        "header",
        [[], "text", 5, None, b"{", b"\xff{}", DEEPLY_NESTED, entry(data_offsets=["x", "y"]), entry(data_offsets=[])],
    )
    def test_header_that_is_no_table_of_tensors(self, tmp_path, header):
        path = tmp_path / "odd.safetensors"
        path.write_bytes(with_header(header, b"1234"))
        assert "not a safetensors file" in refusal(path)

    @pytest.mark.parametrize("header", [entry(dtype="Q4"), entry(shape=[2]), {"__metadata__": {"format": 5}} | entry()])
    def test_header_with_a_wrong_entry(self, tmp_path, header):
        path = tmp_path / "odd.safetensors"
        path.write_bytes(with_header(header, b"1234"))
        assert "cannot be read as safetensors" in refusal(path)

    @pytest.mark.parametrize("header", [{}, {"__metadata__": {"format": "pt"}}])
    def test_file_without_tensors(self, tmp_path, header):
        path = tmp_path / "nothing.safetensors"
        path.write_bytes(with_header(header))
        assert "holds no tensors" in refusal(path)

    @pytest.mark.parametrize(
        ("record", "sentence"),
        [
            ("{", "is not JSON"),
            ("", "is not JSON"),
            ("[1]", "is not a JSON object"),
            ('{"options": [1]}', "'options' in the metadata 'shared_world' is not a JSON object"),
            ('{"network": "big"}', "'network' in the metadata"),
            ('{"trained": null}', "'trained' in the metadata"),
        ],
    )
    def test_damaged_record(self, tmp_path, record, sentence):
        path = tmp_path / "model.safetensors"
        safetensors.torch.save_file(TENSORS, path, metadata={"shared_world": record})
        assert sentence in refusal(path)


def cogvideox_shapes(patch=(8, 32, 2, 2), output=(64, 8)):
    return {
        "patch_embed.proj.weight": patch,
        "transformer_blocks.0.attn1.to_q.weight": (8, 8),
        "proj_out.weight": output,
    }


class TestRecognition:
    @pytest.mark.parametrize(
        ("kind", "shapes"),
        [
            ("CogVideoX-I2V", cogvideox_shapes()),
            ("CogVideoX-T2V", cogvideox_shapes(patch=(8, 16, 2, 2))),
            ("CogVideoX with 33 input channels", cogvideox_shapes(patch=(8, 33, 2, 2))),
            ("CogVideoX 1.5", cogvideox_shapes(patch=(8, 256), output=(128, 8))),
            ("ShareVerse", cogvideox_shapes() | {"raymap_encoders.0.weight": (8, 24, 2, 2)}),
            ("a ShareVerse extension without its base model", {"raymap_encoders.0.weight": (8, 24, 2, 2)}),
            ("a ShareVerse extension without its base model", {"cross_agent_blocks.0.projector.bias": (8,)}),
            ("MultiWorld", {"blocks.0.cross_attn.k_ctx.weight": (8, 8), "blocks.0.self_attn.q.weight": (8, 8)}),
            ("MetaWorld", {"blocks.0.wsa.q.weight": (8, 8), "blocks.0.self_attn.q.weight": (8, 8)}),
            ("MetaWorld", {"cond_depth_embedding.weight": (8, 8), "blocks.0.self_attn.q.weight": (8, 8)}),
            ("Wan", {"blocks.0.self_attn.q.weight": (8, 8)}),
            ("VGGT", {"aggregator.frame_blocks.0.attn.qkv.weight": (8, 8)}),
            ("a VAE", {"decoder.conv_in.conv.weight": (8, 8, 3, 3, 3)}),
            ("a VAE", {"decoder.conv1.weight": (8, 8, 3, 3, 3)}),
            ("a VAE", {"decoder_linear.weight": (768, 8, 1, 1, 1)}),
            ("a T5 text encoder", {"encoder.block.0.layer.0.SelfAttention.q.weight": (8, 8)}),
            ("a LoRA", {"transformer.transformer_blocks.0.attn1.to_q.lora_A.weight": (8, 8)}),
            ("a LoRA", {"lora_unet_transformer_blocks_0_attn1_to_q.lora_down.weight": (8, 8)}),
            ("a LoRA", {"diffusion_model.cross_agent_blocks.0.attn1.to_q.lora_B.weight": (8, 8)}),
            ("an incomplete CogVideoX", dict.fromkeys(list(cogvideox_shapes())[:2], (8, 32, 2, 2))),
            ("an unknown kind of file (its first tensor is 'a')", {"b": (1,), "a": (1,)}),
        ],
    )
    def test_kind(self, kind, shapes):
        assert recognise(shapes) == kind

    def test_tiny_files_are_recognised(self, base_file, extension_file, shareverse_file):
        kinds = [open_checkpoint(path).kind for path in (base_file, extension_file, shareverse_file)]
        assert kinds == ["CogVideoX-I2V", "a ShareVerse extension without its base model", "ShareVerse"]


class TestCompleteness:
    EXPECTED = {
        "a": torch.zeros(2, 3),
        "b": torch.zeros(4),
        "c": torch.zeros(1),
        "d": torch.zeros(1),
        "e": torch.zeros(1),
    }
    GIVEN = {name: tuple(tensor.shape) for name, tensor in EXPECTED.items()}
    CHECKPOINT = Checkpoint(Path("folder/model.safetensors"), (), {}, {"lora_up": (1,)})

    def test_complete_files_pass(self, caplog):
        with caplog.at_level(logging.WARNING):
            require_complete(self.CHECKPOINT, self.EXPECTED, self.GIVEN)
        assert not caplog.records

    @pytest.mark.parametrize(
        ("kept", "sentence"), [("bcde", "it lacks a."), ("cde", "it lacks a, b."), ("", "it lacks a, b, c and 2 more.")]
    )
    def test_missing_tensors_are_named(self, kept, sentence):
        given = {name: self.GIVEN[name] for name in kept}
        with pytest.raises(CheckpointError) as error:
            require_complete(self.CHECKPOINT, self.EXPECTED, given)
        assert str(error.value) == f"model.safetensors is taken for a LoRA, but {sentence}"

    def test_misshapen_tensor_is_named_with_both_shapes(self):
        with pytest.raises(CheckpointError, match=r"but a has shape \(3, 2\) instead of \(2, 3\)\."):
            require_complete(self.CHECKPOINT, self.EXPECTED, self.GIVEN | {"a": (3, 2)})

    def test_surplus_tensors_are_logged(self, caplog):
        require_complete(self.CHECKPOINT, self.EXPECTED, self.GIVEN | {"v_pred": (0,), "ztsnr": (0,)})
        assert "ignoring 2 tensors" in caplog.text
        assert "v_pred" in caplog.text

    @pytest.mark.parametrize("name", ["a.scale_weight", "a.weight_scale", "scaled_fp8", "a.comfy_quant"])
    def test_scales_of_quantised_weights_are_not_ignored(self, name):
        with pytest.raises(CheckpointError, match=f"holds quantised weights \\({name}\\)"):
            require_complete(self.CHECKPOINT, self.EXPECTED, self.GIVEN | {name: (1,)})
