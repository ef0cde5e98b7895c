"""The top of the page: who is judged, when, on what, the figures that matter most, and caveats."""

from alphanet_pl.evaluation.compare import Comparison, Evaluations, having, judged_apart
from alphanet_pl.evaluation.paper import PERIOD, PRINTED
from alphanet_pl.evaluation.report.figures import cover
from alphanet_pl.evaluation.report.formats import as_set, entry, named, say, sentence
from alphanet_pl.evaluation.report.page import Part, cards, figure, paragraph, part, points, table
from alphanet_pl.evaluation.report.table_rows import HEADLINE, SETUP, shown
from alphanet_pl.evaluation.report.tables import few, frame, headline
from alphanet_pl.evaluation.results import Evaluation
from datamodules.settings import IndexSettings


def top(comparison: Comparison, evaluations: Evaluations) -> Part:
    """Period, N, data, headline, the cover chart, and what the data lacks."""
    found = shown(HEADLINE, headline(evaluations, comparison))
    alone = len(evaluations) == 1
    enhanced = having(evaluations, lambda each: each.enhancement)
    return part(
        "",
        paragraph(_span(comparison, evaluations), lead=True),
        cards(list(zip(found.index, found.iloc[:, 0], strict=True))) if alone else table(found),
        *map(paragraph, _caveats(evaluations)),
        paragraph(_errors(evaluations)) if len(found) else "",
        figure(cover(enhanced), "cover") if enhanced else "",
        paragraph(_printed(evaluations)),
    )


def setups(comparison: Comparison, evaluations: Evaluations) -> Part:
    """What makes each variant."""
    rows = {}
    for name, each in evaluations.items():
        seeds = ", ".join(map(str, each.provenance.seeds)) or None
        rows[name] = vars(comparison.variants[name].setup) | {"seed_list": seeds}
    found = frame(rows).astype(object)  # a whole number beside an unknown one stays whole
    known = found.notna().to_numpy().any()
    return part(say("part.variants"), table(shown(SETUP, found))) if known else part("")


_AT_ONCE = ("ridge", "lightgbm", "reversal")
"""Networks that are not trained by steps."""


def ours(comparison: Comparison, evaluations: Evaluations) -> Part:
    """The choices that touch the figures of this page, a sentence each with its setting."""
    settings = evaluations[comparison.baseline].provenance.settings
    data, loss, judged = (settings.get(key, {}) for key in ("data", "loss", "evaluation"))
    trained = "model" in settings or "evaluation" not in settings  # or from elsewhere
    by_steps = trained and settings.get("model", {}).get("network") not in _AT_ONCE
    wanted = ["one_date", "embargo"] if by_steps else ["embargo"] if trained else []
    wanted += ["stopping"] if by_steps and loss.get("error", "squared") == "squared" else []
    if any(each.ic for each in evaluations.values()):
        wanted.append("n261")
    enhanced = next((each.enhancement for each in evaluations.values() if each.enhancement), None)
    if enhanced is not None:
        code = judged.get("index", {}).get("code", IndexSettings().code)
        price = ["price_index"] if code == IndexSettings().code else []
        wanted += ["weights", *price, "bounds", "monthly"]
    under = judged.get("enhancement", {}).get("max_underweight", 0.01)
    values = {
        "dates": data.get("dates_per_step", 1),
        "embargo": data.get("embargo", "some"),
        "deviation": "" if enhanced is None else as_set(enhanced.max_deviation),
        "underweight": "100%" if under is None else as_set(under),
    }
    sentences = [str(entry("ours")[key]).format(**values) for key in wanted]
    known = any(evaluation.ic or evaluation.layers for evaluation in evaluations.values())
    if not known:
        return part("")
    return part(say("part.ours"), paragraph(say("note.ours")), points(sentences))


def period(evaluation: Evaluation) -> str:
    """How the paper's market and period compare with ours, as a clause."""
    if evaluation.simulated:
        return say("note.other_market")
    same = (evaluation.start, evaluation.stop) == PERIOD
    return say("note.same_period" if same else "note.other_period")


def _span(comparison: Comparison, evaluations: Evaluations) -> str:
    base = evaluations[comparison.baseline]
    seeds, data = base.provenance.seeds, base.provenance.data
    days = {"start": comparison.start, "stop": comparison.stop}
    several = len(evaluations) > 1
    kind = "one" if not several else "common" if comparison.common_period else "apart"
    words = [say(f"span.{kind}", **days)]
    if base.ic is not None:
        n = base.ic.neutral.summary.n
        words.append(say("span.sections", n=n, step=base.ic.step))
    if several:
        words.append(say("span.baseline", baseline=comparison.baseline))
    elif len(seeds) > 1:
        words.append(say("span.seeds", count=len(seeds)))
    elif seeds:
        words.append(say("span.seed", seed=seeds[0]))
    return " ".join([*words, *([say("span.data", data=named(data))] if data else [])])


def _errors(evaluations: Evaluations) -> str:
    single = [name for name, each in evaluations.items() if len(each.provenance.seeds) == 1]
    words = [say("note.headline")]
    if single:
        key = "note.single" if len(single) == 1 else "note.singles"
        words.append(say(key, names=sentence(single)))
    return " ".join([*words, *few(evaluations)])


def _printed(evaluations: Evaluations) -> str:
    known = [name for name in evaluations if name in PRINTED.ic]
    if not known:
        return ""
    start, stop = PERIOD
    return say("note.printed", start=start, stop=stop, period=period(evaluations[known[0]]))


def _caveats(evaluations: Evaluations) -> list[str]:
    """What the data lacks, once for all variants where it is the same."""
    out = []
    if any(each.simulated for each in evaluations.values()):
        out.append(say("note.simulated"))
    if len({each.provenance.panel_fingerprint for each in evaluations.values()}) > 1:
        out.append(say("note.panels"))
    if apart := judged_apart(evaluations.values()):
        out.append(say("note.judged_apart", settings=sentence([f"evaluation.{k}" for k in apart])))
    lacks = {name: each.provenance.lacks for name, each in evaluations.items()}
    shared = [each for each in next(iter(lacks.values())) if all(each in s for s in lacks.values())]
    out.append(named(" ".join(shared)))
    for name, own in lacks.items():
        rest = [each for each in own if each not in shared]
        out += [say("note.own", name=name, what=named(" ".join(rest)))] if rest else []
    return out
