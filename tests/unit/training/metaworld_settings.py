"""Settings of a tiny MetaWorld that trains on `pocket_clips`."""

from shared_world.training.settings import (
    ConditionSettings,
    DataSettings,
    LoopSettings,
    MetaWorldSettings,
    WanSettings,
)

CONDITIONS = ConditionSettings(mask_dilation=1.0, voxel=0.1, farthest=80.0, point_radius=0.1)


def tiny_metaworld(folder, clips, vae, **changes):
    loop = LoopSettings(
        steps=4, batch_size=2, micro_batch_size=2, learning_rate=1e-3, ema_decay=0.9, log_every=2, checkpoint_every=0
    )
    data = DataSettings(
        train=str(clips / "train"),
        validation=str(clips / "validation"),
        cache=str(folder / "cache"),
        frames=5,
        stride=5,
    )
    values = {
        "name": "tiny",
        "output": str(folder / "run"),
        "loop": loop,
        "data": data,
        "autoencoder": str(vae),
        "network": WanSettings(layers=2, dim=24, ffn_dim=32, heads=2, time_dim=16, text_dim=4),
        "conditions": CONDITIONS,
        "export_dtype": "float32",
    }
    return MetaWorldSettings(**{**values, **changes})
