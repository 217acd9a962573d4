from shared_world.development.comfyui_in_process import use_comfyui

use_comfyui()
