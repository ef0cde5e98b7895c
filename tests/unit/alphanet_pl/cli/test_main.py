import asyncio
import gc
import logging
import os
import platform
import signal
import subprocess
import sys

import pytest
import torch.distributed as dist

import alphanet_pl.fit.trainer  # noqa: F401  a process of a group has it loaded
from alphanet_pl.cli.main import VERBS, main
from alphanet_pl.job.signals import Terminated


def test_help_lists_every_verb(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert [verb for verb in VERBS if verb not in out] == []


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["sweep", "--help"]])
def test_help_is_instant_and_imports_no_torch(words):
    code = (
        f"import sys; sys.argv = ['alphanet', *{words!r}]\n"
        "from alphanet_pl.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules and 'hydra' not in sys.modules"
    )
    begun = sum(os.times()[2:4])  # CPU seconds of children: the machine may be busy
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert sum(os.times()[2:4]) - begun < 1.0


def test_evaluate_reads_fits_without_the_seconds_of_torch():
    code = (
        "import sys, alphanet_pl.cli.commands.evaluate\n"
        "assert not {'torch', 'lightning'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("verb", "status"), [("evaluate", 5), ("train", 5), ("sweep", -signal.SIGUSR1)]
)
def test_the_signal_before_a_time_limit_kills_only_the_sweep_that_is_stopped_by_it(verb, status):
    code = (
        "import os, signal, sys\n"
        "from alphanet_pl.cli.main import main\n"
        f"main([{verb!r}, '--help'])\n"
        "os.kill(os.getpid(), signal.SIGUSR1)\n"
        "sys.exit(5)"
    )
    environ = os.environ | {"SLURM_JOB_ID": "7"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True)
    assert done.returncode == status


@pytest.mark.parametrize("verb", VERBS)
def test_every_verbs_help_shows_its_settings(verb, capsys):
    assert main([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert "data.in_sample_days=1500   (integer, >= 60)\n    Sessions a fit may see" in out
    assert f"--- conf/{verb}.yaml" in out
    assert "variant=blend | combined | " in out
    assert " | v2 | v2.1 | " in out


def test_a_mistake_ends_with_status_2_and_one_hint(capsys):
    assert main(["train", "modl.n=8"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: there is no setting 'modl.n'")
    assert "HINT: model.n=8" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("words", "needed", "hint"),
    [
        (("roll", "variants=[v2,v2.1]"), "but evaluate and compare", "roll variant=v2, once for"),
        (("train", "parts=2/2"), "train does not heed it, but roll", "alphanet roll parts=2/2"),
        (("evaluate", "date=latest"), "but predict", "alphanet predict date=latest"),
        (("compare", "sweep=dropout"), "but sweep", "alphanet sweep sweep=dropout"),
    ],
)
def test_what_a_verb_does_not_heed_is_refused(words, needed, hint, capsys):
    assert main([*words, "data.panel=P"]) == 2
    said = capsys.readouterr().err
    assert needed in said
    assert hint in said


def test_a_closed_output_is_no_mistake(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    assert main(["coverage", "--cfg"]) == 0


def test_an_unknown_verb_is_refused_with_the_nearest(capsys):
    assert main(["trian"]) == 2
    assert "HINT: alphanet train" in capsys.readouterr().err


def test_cfg_prints_the_composed_settings(capsys):
    assert main(["train", "variant=v2.1", "--cfg"]) == 0
    assert "'n': 8" in capsys.readouterr().out


def test_settings_may_stand_before_and_after_an_option(capsys, tmp_path):
    assert main(["train", "variant=v2.1", "--config-dir", str(tmp_path), "seed=3", "--cfg"]) == 0
    said = capsys.readouterr().out
    assert "seed: 3" in said
    assert "variant: v2.1" in said
    with pytest.raises(SystemExit):
        main(["train", "variant=v2.1", "--config-dri", "my", "seed=3"])
    assert "unrecognized arguments: --config-dri" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--help"], ["train", "--help"], ["train", "--cfg"], ["train", "modl.n=8"]]
)
def test_a_reader_that_leaves_ends_the_verb_quietly(words):
    code = (
        "import sys\n"
        "from alphanet_pl.cli.main import main\n"
        "sys.stdin.readline()\n"
        f"sys.exit(main({words!r}))"
    )
    begun = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begun.stdout.close()
    said = begun.communicate("go\n")[1]
    mistake = "modl.n=8" in words
    # argparse itself drops what an unbuffered standard output cannot take.
    assert begun.returncode in ((2,) if mistake else (0, 141))
    assert ("HINT" in said) == mistake
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_what_zarr_left_under_way_is_not_listed_after_the_last_words(monkeypatch, caplog):
    def run(settings):
        raise Terminated

    monkeypatch.setattr("alphanet_pl.cli.commands.doctor.run", run)
    monkeypatch.setattr(logging.getLogger("asyncio"), "level", logging.NOTSET)
    assert main(["doctor"]) == Terminated.status
    loop = asyncio.new_event_loop()
    reading = loop.create_task(asyncio.sleep(9))
    loop.close()
    reading.get_coro().close()
    del reading
    gc.collect()
    assert caplog.messages == []


def test_a_group_of_processes_is_left_however_the_verb_ends(tmp_path):
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    assert main(["train", "modl.n=8"]) == 2
    assert not dist.is_initialized()  # else gloo's threads abort one interpreter of twenty


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names a kernel of x86-64")
def test_a_panel_is_computed_by_the_same_kernel_on_every_processor():
    code = (
        "from alphanet_pl.cli.main import main\n"
        "assert main(['prepare', 'no.such=setting']) == 2\n"
        "import numpy, threadpoolctl\n"
        "print({lib.get('architecture') for lib in threadpoolctl.threadpool_info()})"
    )
    elsewhere = os.environ | {"OPENBLAS_CORETYPE": "Prescott"}
    said = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=elsewhere
    )
    assert "Haswell" in said.stdout
    assert "Prescott" not in said.stdout
