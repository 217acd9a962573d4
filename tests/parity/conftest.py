import torch

from shared_world.development.comfyui_in_process import use_comfyui

use_comfyui()
# Networks of this size are too small to share: threads would wait for each other, the longer the busier the machine is.
torch.set_num_threads(1)
