"""Which device networks run on."""

import torch

from cds.errors import SettingsInvalid


def chosen_device(setting: str) -> str:
    """Translate "auto", "cpu" or "cuda": auto takes CUDA when it is there.

    On CUDA convolutions keep full float32, so that a result does not depend on the machine. Raises
    `SettingsInvalid` where CUDA is asked for and absent.
    """
    if setting == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        torch.backends.cudnn.allow_tf32 = False
        return "cuda"
    if setting == "cuda":
        raise SettingsInvalid(
            f"OSTEOCDS_DEVICE=cuda: torch {torch.__version__} finds no CUDA device here; "
            "set OSTEOCDS_DEVICE to auto or cpu, or install the driver and a torch build with CUDA"
        )
    return "cpu"
