"""The networks and the files they are stored in.

ShareVerse's transformer is a plain torch module that trains without ComfyUI; inside ComfyUI it is built with its
`operations` and its attention, so that offloading, casting and quantised weights reach every layer. MultiWorld's is a
subclass of ComfyUI's Wan.
"""
