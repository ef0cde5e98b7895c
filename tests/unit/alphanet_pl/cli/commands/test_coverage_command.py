import re

from alphanet_pl.cli.commands.coverage import draw
from alphanet_pl.cli.main import main
from alphanet_pl.evaluation.pair_coverage import DRAWS, MODELS, figure_5


def test_coverage_prints_simulated_exact_and_printed_and_draws_one_file(tmp_path, capsys):
    assert main(["coverage", f"runs={tmp_path}"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"8 +95\.\d\d% \+- 0\.\d\d% +95\.50% +95\.52%", out), out
    page = (tmp_path / "coverage.html").read_text(encoding="utf-8")
    assert "Plotly.newPlot" in page
    assert "src=" not in page.split("<body>")[1]


def test_an_output_folder_is_taken(tmp_path):
    assert main(["coverage", f"output={tmp_path / 'here'}"]) == 0
    assert (tmp_path / "here" / "coverage.html").is_file()


def test_the_figure_shows_simulation_formula_and_paper():
    names = [trace.name for trace in draw(figure_5(15)).data]
    assert [name.split(",")[0] for name in names] == ["simulated", "exact", "the report's figure 5"]
    assert (MODELS, DRAWS) == (10, 1000)


def test_a_variant_without_so_many_features_has_no_such_figure(tmp_path, capsys):
    assert main(["coverage", "variant=reversal", f"runs={tmp_path}"]) == 2
    said = capsys.readouterr().err
    assert "samples of 6 and more of them\nHINT: variant=v2.1" in said
    assert not list(tmp_path.iterdir())
