import os

import pytest
import torch

from alphanet_pl.config.settings import TrainerSettings
from alphanet_pl.job import devices
from alphanet_pl.job.devices import (
    accelerator_of,
    check_precision,
    cpu_multiplies_bfloat16,
    describe_device,
    planned_device,
    threads_of,
    use_threads,
)
from datamodules.base.errors import ConfigError


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


@pytest.mark.parametrize(
    ("asked", "cuda", "expected"),
    [("auto", False, "cpu"), ("auto", True, "gpu"), ("cpu", True, "cpu"), ("gpu", True, "gpu")],
)
def test_what_is_no_cuda_device_trains_on_the_cpu(asked, cuda, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert accelerator_of(TrainerSettings(accelerator=asked)) == expected


def test_a_gpu_that_slurm_granted_and_torch_does_not_see_is_no_reason_to_train_on_the_cpu(
    monkeypatch,
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("SLURM_GPUS_ON_NODE", "4")
    with pytest.raises(ConfigError, match=r"Slurm granted 4 GPUs.*\n?.*torch sees none"):
        describe_device(TrainerSettings())
    assert describe_device(TrainerSettings(accelerator="cpu", threads=2)) == "CPU, 2 threads"


def test_a_request_for_gpus_that_this_torch_cannot_drive_is_found_before_the_job(monkeypatch):
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: False)
    with pytest.raises(ConfigError, match=r"HINT: .*--gpus-per-node=0"):
        planned_device(TrainerSettings(), gpus=4)
    assert planned_device(TrainerSettings(), gpus=0) == "CPU"
    assert "4 GPUs" in planned_device(TrainerSettings(accelerator="cpu"), gpus=4)
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    assert planned_device(TrainerSettings(), gpus=4).startswith("4 GPUs a node")


def test_a_gpu_that_is_asked_of_torch_and_not_of_slurm_is_refused():
    with pytest.raises(ConfigError, match="HINT: sbatch --gpus-per-node=K"):
        planned_device(TrainerSettings(accelerator="gpu"), gpus=0)


@pytest.mark.parametrize(
    ("flags", "can"), [("flags : avx512f avx512_bf16", True), ("flags : avx2 avx512f", False)]
)
def test_the_kernel_says_whether_a_processor_multiplies_bfloat16(tmp_path, flags, can):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(flags)
    assert cpu_multiplies_bfloat16(cpuinfo) == can
    assert not cpu_multiplies_bfloat16(tmp_path / "absent")


def test_half_precision_is_refused_where_the_processor_would_imitate_it(monkeypatch):
    half = TrainerSettings(precision="bf16-mixed", accelerator="cpu")
    monkeypatch.setattr(devices, "cpu_multiplies_bfloat16", lambda: False)
    with pytest.raises(ConfigError, match=r"HINT: trainer\.precision=32-true"):
        check_precision(half)
    check_precision(TrainerSettings())
    monkeypatch.setattr(devices, "cpu_multiplies_bfloat16", lambda: True)
    check_precision(half)
