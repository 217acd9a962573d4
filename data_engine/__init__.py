"""MetaWorld's data engine: many egocentric videos to a data set of unrolled worlds, on running ComfyUI servers."""
