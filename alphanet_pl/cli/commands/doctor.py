"""`alphanet doctor`: numbered checks, before queueing."""

from alphanet_pl.cli.doctor import Examination, Finding
from alphanet_pl.config.settings import Settings
from datamodules.base.errors import FitError


def run(settings: Settings) -> str:
    """Number the findings; refuse when any check fails.

    Raises:
        FitError: A check failed; the message is the whole list.
    """
    findings = Examination(settings).run()
    text = "\n".join(_line(number, finding) for number, finding in enumerate(findings, start=1))
    failed = [finding for finding in findings if finding.error is not None]
    if failed:
        first = failed[0].error
        raise FitError(
            f"{len(failed)} of {len(findings)} checks fail\n{text}",
            hint=first.hint if first is not None else "",
        )
    return f"{text}\nready"


def _line(number: int, finding: Finding) -> str:
    if finding.error is None:
        return f"{number}. ok    {finding.what}: {finding.found}"
    return f"{number}. FAIL  {finding.what}: {finding.error.given}: {finding.error.needed}"
