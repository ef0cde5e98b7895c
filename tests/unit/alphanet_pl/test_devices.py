import os

import pytest
import torch

from alphanet_pl.devices import describe_device, threads_of, use_threads
from alphanet_pl.errors import ConfigError
from alphanet_pl.settings import TrainerSettings


def test_threads_follow_the_cores_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 7})
    assert threads_of(TrainerSettings()) == 3
    assert threads_of(TrainerSettings(threads=2)) == 2


def test_torch_gets_exactly_these_threads():
    before = torch.get_num_threads()
    try:
        use_threads(TrainerSettings(threads=1))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"HINT: trainer\.accelerator=auto"):
        describe_device(TrainerSettings(accelerator="gpu"))
    assert describe_device(TrainerSettings(threads=2)) == "CPU, 2 threads"
