"""Training programs on accelerate: ShareVerse, and the pocket autoencoder.

    python -m shared_world train shareverse CONFIG
    python -m shared_world train vae CONFIG

Nothing here needs ComfyUI. The order of the data and all random numbers are functions of the seed and of the step, so
an interrupted run that goes on makes the same network as one that was never interrupted.
"""
