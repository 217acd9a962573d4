"""MultiWorld on ComfyUI's Wan: joint actions of all agents and a global state, attended to in every block."""
