"""The networks and the files they are stored in.

The transformers are plain torch modules that train without ComfyUI; inside ComfyUI they are built with its
`operations` and its attention, so that offloading, casting and quantised weights reach every layer.
"""
