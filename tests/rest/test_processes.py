"""Verbs as processes: their exit status, and a place where sweeps and Ray are absent."""

import subprocess
import sys

from helpers.small_study import ASOF

from datamodules.panel import Panel


def test_roll_compare_and_coverage_end_with_status_0(study, rolling, whole):
    """The README's blocks run all other verbs."""
    verbs = {"roll": (*rolling, "experiment=whole"), "compare": (), "coverage": ()}
    for verb, words in verbs.items():
        process = study.start(verb, *words)
        out, err = process.communicate()
        assert process.returncode == 0, err
        assert out
    assert (study.runs / "default" / "compare.html").is_file()


def test_a_factor_is_trained_and_scored_where_sweeps_and_ray_are_absent(study):
    code = (
        "import sys\n"
        "sys.modules['sweeps'] = sys.modules['ray'] = None\n"  # an import of either fails
        "from alphanet_pl.cli.main import main\n"
        "assert main(['train', '--help']) == 0 and main(['train', '--cfg']) == 0\n"
        "assert main(['sweep']) == 2\n"
        "cut = sys.argv.index('predict')\n"
        "sys.exit(main(sys.argv[1:cut]) or main(sys.argv[cut:]))"
    )
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    place = ("experiment=alone", "trainer.max_epochs=1")
    words = (
        *study.words("train", f"asof={asof}", "seed=0", *place),
        *study.words("predict", "date=latest", *place),
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "sweep" in done.stderr
    assert list((study.runs / "alone").rglob("best.ckpt"))
