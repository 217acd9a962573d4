"""MetaWorld on ComfyUI's Wan: rendered conditions, identity frames, and World-State Alignment between agents."""
