"""Training programs on accelerate: ShareVerse, MetaWorld, and the pocket autoencoder.

    python -m shared_world train shareverse CONFIG
    python -m shared_world train metaworld CONFIG
    python -m shared_world train vae CONFIG

Only MetaWorld's network needs ComfyUI. The order of the data and all random numbers are functions of the seed and of
the step, so an interrupted run that goes on makes the same network as one that was never interrupted.
"""
