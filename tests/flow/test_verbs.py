"""Every verb as a shell sees it: a process with an exit status."""

import subprocess
import sys

import pytest
from helpers.small_study import ASOF, Study

from alphanet_pl.cli.main import VERBS
from datamodules.panel import Panel


def _run(study: Study, verb: str, *words: str) -> tuple[int, str, str]:
    """Exit status, what was printed, what was complained of."""
    process = study.start(verb, *words)
    out, err = process.communicate()
    return process.returncode, out, err


@pytest.mark.parametrize("verb", VERBS)
def test_a_mistake_ends_any_verb_with_status_2_and_one_hint(study, verb):
    status, out, err = _run(study, verb, "modl.n=8")
    assert (status, out) == (2, "")
    assert err.count("HINT: model.n=8") == 1
    assert "Traceback" not in err


def test_compare_ends_with_status_0_and_a_page(study):
    status, _, err = _run(study, "compare")
    assert status == 0, err
    assert (study.runs / "default" / "compare.html").is_file()


def test_roll_and_coverage_end_with_status_0(study, rolling, whole):
    """The README's blocks run all other verbs, `sweep` too."""
    for verb, words in (("roll", (*rolling, "experiment=whole")), ("coverage", ())):
        status, out, err = _run(study, verb, *words)
        assert status == 0, err
        assert out


def test_a_factor_is_trained_and_scored_where_sweeps_and_ray_are_absent(study):
    code = (
        "import sys\n"
        "sys.modules['sweeps'] = sys.modules['ray'] = None\n"  # an import of either fails
        "from alphanet_pl.cli.main import main\n"
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
    assert list((study.runs / "alone").rglob("best.ckpt"))
