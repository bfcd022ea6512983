import pytest
import torch

from cds.errors import SettingsInvalid
from cds.inference.device import chosen_device
from cds.inference.segmenter import NetworkSegmenter
from tests.inference.simulated import assessed

NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")


@pytest.mark.parametrize(
    ("setting", "present", "device"), [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu")]
)
def test_cuda_is_taken_when_it_is_there_and_wanted(monkeypatch, setting, present, device):
    """`auto` takes what there is; `cpu` stays where it was told to."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", torch.backends.cudnn.allow_tf32)

    assert chosen_device(setting) == device


def test_cuda_that_is_not_there_is_refused(monkeypatch):
    """Asked for by name and absent: told with the setting, never replaced in silence."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(SettingsInvalid, match=r"OSTEOCDS_DEVICE=cuda: .* set OSTEOCDS_DEVICE to auto or cpu"):
        NetworkSegmenter.load(device="cuda")


@pytest.mark.gpu
@NO_CUDA
def test_density_is_the_same_on_cuda(volume):
    """The shipped networks: densities of CPU and CUDA agree within 0.5 mg/cm3 at every level."""
    on_cpu, on_cuda = (
        {each.level: each.vbmd_mg_cm3 for each in assessed(volume, NetworkSegmenter.load(device=device)).levels}
        for device in ("cpu", "cuda")
    )

    assert on_cpu
    assert on_cuda == pytest.approx(on_cpu, abs=0.5)
