"""`alphanet evaluate`: evaluation.json, CSV tables and report.html of a factor."""

from pathlib import Path

import pandas as pd

from alphanet_pl.evaluate import evaluate
from alphanet_pl.evaluation.report import write_report
from alphanet_pl.evaluation.schema import Evaluation, write_evaluation
from alphanet_pl.files import write_text
from alphanet_pl.identity import variant_folder
from alphanet_pl.settings import Settings


def run(settings: Settings) -> str:
    """Judge the factor, write what came out, and say the headline."""
    evaluation = evaluate(settings)
    out = Path(settings.output) if settings.output else variant_folder(settings)
    out.mkdir(parents=True, exist_ok=True)
    write_evaluation(evaluation, out / "evaluation.json")
    _write_tables(evaluation, out / "tables")
    write_report(evaluation, out / "report.html")
    return "\n".join([*headline(evaluation), f"report: {out / 'report.html'}"])


def headline(evaluation: Evaluation) -> list[str]:
    """The figures that matter most, as lines."""
    ic = evaluation["ic"]
    if ic is None:
        return []
    lines = [
        f"{name:<7} RankIC {s['mean']:.4f} +- {s['standard_error']:.4f}, ICIR {s['icir']:.2f}, "
        f"above 0 in {s['positive_share']:.0%} of {s['n']} cross-sections"
        for name, s in (("neutral", ic["neutral"]["summary"]), ("raw", ic["raw"]["summary"]))
    ]
    if ic["achievable"] is not None:
        best = ic["achievable"]
        lines.append(
            f"the truth would reach {best['summary']['mean']:.4f}: "
            f"the raw factor has {best['share_reached']:.0%} of it"
        )
    return [f"{evaluation['variant']}, {evaluation['start']} to {evaluation['stop']}", *lines]


def _write_tables(evaluation: Evaluation, folder: Path) -> None:
    ic = evaluation["ic"]
    if ic is None:
        return
    summaries = {form: ic[form]["summary"] for form in ("neutral", "raw")}
    series = {form: ic[form]["series"]["values"] for form in ("neutral", "raw")}
    dates = ic["neutral"]["series"]["dates"]
    tables = {
        "ic": pd.DataFrame(summaries).T.rename_axis("factor"),
        "ic_series": pd.DataFrame(series, index=pd.Index(dates, name="date")),
        "ic_by_year": pd.DataFrame(ic["neutral"]["by_year"]).T.rename_axis("year"),
        "ic_by_industry": pd.DataFrame(ic["neutral"]["by_industry"]).T.rename_axis("industry"),
        "ic_decay": pd.DataFrame(ic["neutral"]["decay"]).set_index("horizon"),
    }
    exposures = evaluation["exposures"]
    if exposures is not None:
        tables["exposures"] = pd.DataFrame(exposures["styles"]).T.rename_axis("style")
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", table.to_csv(lineterminator="\n"))
