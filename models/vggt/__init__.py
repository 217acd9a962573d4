"""VGGT's aggregator, the backbone of MultiWorld's Global State Encoder, with the parameter names of the published file.

VGGT: Visual Geometry Grounded Transformer (Wang et al., 2025), section 3.2; MultiWorld, section 3.3.
"""
