"""The node that downloads published files."""

from itertools import groupby
from pathlib import Path

import comfy.model_management
import comfy.utils
import folder_paths
from comfy_api.latest import io, ui

from ..models.downloading import Downloaded, download, readable
from ..models.published_files import PUBLISHED_FILES, PublishedFile
from .loaders import CATEGORY
from .model_folders import folder_for


class DownloadFile(io.ComfyNode):
    """A published file into ComfyUI's models folder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldDownloadFile",
            display_name="Download Published File",
            category=CATEGORY,
            description=(
                "Downloads a published model from the Hugging Face hub into the folder where loaders look for it. Nothing is "
                "downloaded unless this node runs with its licence accepted."
            ),
            search_aliases=["huggingface", "fetch model", "checkpoint", "multiworld", "vggt", "wan vae"],
            is_output_node=True,
            inputs=[
                io.Combo.Input(
                    "file",
                    options=list(PUBLISHED_FILES),
                    tooltip=" ".join(sizes_and_licences()),
                ),
                io.Boolean.Input(
                    "accept_licence",
                    default=False,
                    tooltip="Switch it on when you have read the licence of the file and keep to it. Until then the node says "
                    "where the licence is and downloads nothing.",
                ),
            ],
            # No output: a loader's list takes no link, and what a node shows is enough to find the file.
            outputs=[],
        )

    @classmethod
    def fingerprint_inputs(cls, file: str, **_: object) -> tuple[int, int] | float:
        path = existing_path(PUBLISHED_FILES[file]) if file in PUBLISHED_FILES else None
        if path is None:
            return float("nan")  # equal to nothing: a file that was deleted is fetched again
        status = path.stat()
        return status.st_mtime_ns, status.st_size

    @classmethod
    def execute(cls, file: str, accept_licence: bool) -> io.NodeOutput:
        if file not in PUBLISHED_FILES:  # a linked text is not checked against the list
            raise ValueError(f"'{file}' is not one of the published files: {', '.join(PUBLISHED_FILES)}.")
        published = PUBLISHED_FILES[file]
        if not accept_licence:
            raise ValueError(
                f"{published.name} is under a licence that you have to accept first, {published.licence.summary}: read "
                f"{' and '.join(published.licence.pages)}, then switch on accept_licence."
            )
        progress = comfy.utils.ProgressBar(published.size)

        def report(done: int, total: int) -> None:
            comfy.model_management.throw_exception_if_processing_interrupted()
            progress.update_absolute(done, total)

        found = download(published, folder_for(published.kind), report, existing_path(published))
        return io.NodeOutput(ui=ui.PreviewText(told(published, found)))


def sizes_and_licences() -> list[str]:
    """A sentence on the files under each licence, which are of about the same size."""
    sentences = []
    for licence, group in groupby(PUBLISHED_FILES.values(), key=lambda file: file.licence):
        files = list(group)
        each = " each" if len(files) > 1 else ""
        sentences.append(
            f"{' / '.join(file.title for file in files)}: about {files[0].size / 1e9:.1f} GB{each}, into "
            f"models/{files[0].kind}; licence: {licence.summary}."
        )
    return sentences


def existing_path(file: PublishedFile) -> Path | None:
    """Where ComfyUI finds a file of that name, in any of its folders."""
    found = folder_paths.get_full_path(file.kind, file.name)
    return Path(found) if found else None


def told(file: PublishedFile, found: Downloaded) -> str:
    """What the node shows about a file that is complete."""
    where = "Downloaded to" if found.transferred else "Already there:"
    checked = (
        f"SHA-256 verified: {found.sha256}" if found.sha256 else "SHA-256 not verified: the server did not state it"
    )
    if found.sha256 is None and not found.transferred:
        checked = "SHA-256 not verified: there was nothing to compare with"
    return "\n".join(
        (
            f"{where} {found.path}",
            f"Size: {readable(found.size)} ({found.size} bytes)",
            checked,
            f"Licence: {file.licence.summary}; {' and '.join(file.licence.pages)}",
            "Press R so that loaders list it.",
        )
    )
