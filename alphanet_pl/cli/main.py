"""The command line: `alphanet VERB [group=option] [key=value ...]`.

Nothing heavy is imported before a verb is known to run, so that help and refusals are instant.
"""

import argparse
import importlib
import logging
import os
import platform
import select
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from alphanet_pl import __version__
from datamodules.base.errors import AlphaNetError, ConfigError, UnfinishedError

VERBS = {
    "demo": "the whole flow on a small simulated market; open runs/demo/report.html",
    "prepare": "check vendor tables and build panel.zarr, with a data report",
    "doctor": "numbered checks in seconds, before queueing",
    "train": "one fit: a panel, a variant, a seed, an as-of date (of a blend one a member)",
    "roll": "every window and seed that is not trained yet, then their factor",
    "predict": "scores for a date, `latest`, or START:END; needs no label",
    "evaluate": "judge a factor: evaluation.json, tables, report.html",
    "sweep": "many fits on Ray: dropout n, long-side weight, seeds, the report's variants",
    "compare": "variants and sweeps of an experiment in one page, and a W&B report",
    "coverage": "figure 5: feature pairs that ten models cover, simulated, exact, printed",
}
_TRAINING = {"train", "roll"}
"""Verbs that answer Slurm's signals with a checkpoint."""
_OF_PANELS = {"prepare", "demo"}
"""Verbs that make a panel; its fingerprint must be the same on every x86-64 processor with AVX2."""
_READ_BY = {
    "variants": ("evaluate", "compare"),
    "date": ("predict",),
    "parts": ("roll",),
    "sweep": ("sweep",),
}
"""Settings that some verbs alone heed; doctor looks at those of any."""
_SAME_BITS = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512_SKX",
}
"""Wider vector units add up in another order: a style in a billion then rounds differently."""
_DONE, _FAILED, _MISTAKE, _INTERRUPTED, _NO_READER = 0, 1, 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; 0 done, 1 failed (a traceback: our bug), 2 the user's mistake."""
    try:
        try:
            return _main(list(sys.argv[1:] if argv is None else argv))
        finally:
            if sys.stdout is not None:  # closed, as by some schedulers
                sys.stdout.flush()
    except BrokenPipeError:
        if not _reader_left():
            raise
        return _NO_READER  # as a program has that SIGPIPE ends, e.g. before `| head`


def _main(words: Sequence[str]) -> int:
    if not words:
        _parser().print_help()
        return _DONE
    if words[0] in _OF_PANELS and platform.machine() in ("x86_64", "AMD64"):
        os.environ.update(_SAME_BITS)  # read when NumPy is imported
    from alphanet_pl.job.signals import block, ignore_warning, terminable

    if words[0] in _TRAINING:
        block()
    elif words[0] != "sweep":  # slurm/sweep.sh stops a sweep by that signal
        ignore_warning()
    from alphanet_pl.job.slurm import report_status
    from alphanet_pl.job.world import global_rank

    rank, status = global_rank(), _FAILED
    try:
        with terminable():
            status = _run_as(rank, words)
    finally:  # where nobody listens any more, the last words themselves fail
        if not rank:
            report_status(status)
    return status


def _reader_left() -> bool:
    """Whether nobody reads what is printed any more; then nothing more is."""
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        poll.register(stream.fileno(), 0)
    closed = [number for number, event in poll.poll(0) if event & select.POLLERR]
    for number in closed:
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    return bool(closed)


def _run_as(rank: int, words: Sequence[str]) -> int:
    """Run as one of several processes (usually the only one): only the first speaks of success."""
    from alphanet_pl.job.signals import Interrupted
    from datamodules.base.files import disk_full_behind, unusable

    try:
        _check_verb(words[0])
        answer = _run(_parsed(words))
        if not rank:
            print(answer)
    except AlphaNetError as error:
        return _say_refusal(error, rank)
    except OSError as error:
        refused = disk_full_behind(error) or unusable(error)
        if refused is None:
            raise
        return _say_refusal(refused, rank)
    except Interrupted as stop:
        # Of several processes the first gives the status: srun kills the others for theirs.
        if not rank:
            print(stop, file=sys.stderr)
        return stop.status
    except KeyboardInterrupt as stop:
        return _say_stop(stop, rank)
    except Exception:
        if not rank:
            raise
        for line in traceback.format_exc().splitlines():
            print(f"[rank {rank}] {line}", file=sys.stderr)
        return _FAILED
    finally:
        _leave_group()
    return _DONE


def _say_refusal(error: AlphaNetError, rank: int) -> int:
    """Say what is refused, once where all processes make the mistake; return the exit status."""
    from alphanet_pl.job.slurm import first_status

    status = _FAILED if isinstance(error, UnfinishedError) else _MISTAKE
    if not (rank and first_status() == status):
        print(f"{f'[rank {rank}] ' if rank else ''}error: {error}", file=sys.stderr)
    return status


def _say_stop(stop: KeyboardInterrupt, rank: int) -> int:
    """Say how the command was stopped, Ctrl-C or SIGTERM; return the exit status."""
    from alphanet_pl.job.signals import Terminated

    terminated = isinstance(stop, Terminated)
    # What zarr has under way is left where it is: asyncio would list its tasks as lost.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    if not rank:
        how = "terminated" if terminated else "interrupted"
        said = " ".join(filter(None, [how, str(stop)]))
        print(f"{said}: the same command continues where it stopped", file=sys.stderr)
    return Terminated.status if terminated else _INTERRUPTED


def _leave_group() -> None:
    """End this process's part in a group of processes, if it ever came to one."""
    if "alphanet_pl.fit.trainer" in sys.modules:
        from alphanet_pl.fit.trainer import leave_group

        leave_group()


def _check_verb(word: str) -> None:
    if word.startswith("-") or word in VERBS:
        return
    from datamodules.base.words import nearest

    near = nearest(word, VERBS)
    raise ConfigError(
        f"there is no verb {word!r}", f"it is one of {', '.join(VERBS)}", f"alphanet {near}"
    )


def _run(arguments: argparse.Namespace) -> str:
    verb, folder = arguments.verb, arguments.config_dir
    if arguments.help:
        return _verb_help(verb, folder)
    from alphanet_pl.config.compose import load_settings, show_settings

    if arguments.cfg:
        return show_settings(verb, arguments.overrides, folder)
    words = arguments.overrides
    if verb == "doctor":
        from alphanet_pl.job.slurm import with_place

        words = with_place(words)
    settings = load_settings(verb, words, folder)
    _refuse_idle(verb, words)
    command = importlib.import_module(f"{_home(verb)}.commands.{verb}")
    answer: str = command.run(settings)
    return answer


def _refuse_idle(verb: str, words: Sequence[str]) -> None:
    """Refuse a word that this verb does not heed, before hours go into something else."""
    for word in words:
        key, _, value = word.partition("=")
        readers = _READ_BY.get(key.split(".")[0], (verb,))
        if verb not in (*readers, "doctor") and value not in ("", "null", "[]"):
            one_each = key == "variants" and verb in ("train", "roll", "predict")
            raise ConfigError(
                f"{word} was given",
                f"{verb} does not heed it, but {' and '.join(readers)}",
                f"alphanet {verb} variant={value.strip('[]').split(',')[0]}, once for each"
                if one_each
                else f"alphanet {readers[0]} {word}",
            )


def _home(verb: str) -> str:
    """The package of a verb's module, by name: what is imported points downwards only."""
    from alphanet_pl.config.keys import OF_SWEEPS

    return "sweeps" if verb in OF_SWEEPS else "alphanet_pl.cli"


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """The words of a command line; settings may stand before and after --config-dir."""
    parser = _parser()
    arguments, later = parser.parse_known_args(words)
    if foreign := [word for word in later if word.startswith("-")]:
        parser.error(f"unrecognized arguments: {' '.join(foreign)}")
    if later:
        arguments.overrides += later
    return arguments


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {what}" for verb, what in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="alphanet",
        usage="alphanet VERB [group=option] [key=value ...]",
        description="AlphaNet: a factor-mining neural network for stocks.",
        epilog=f"verbs:\n{verbs}\n\nalphanet VERB --help explains every setting of a verb.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"alphanet {__version__}")
    commands = parser.add_subparsers(dest="verb", metavar="VERB", help=argparse.SUPPRESS)
    for verb, what in VERBS.items():
        one = commands.add_parser(verb, description=what, add_help=False)
        one.add_argument("-h", "--help", action="store_true")
        one.add_argument("--config-dir", type=Path)
        one.add_argument("--cfg", action="store_true")
        one.add_argument("overrides", nargs="*")
    return parser


def _verb_help(verb: str, config_dir: Path | None) -> str:
    from alphanet_pl.config.manual import manual

    return "\n".join(
        [
            f"usage: alphanet {verb} [--config-dir DIR] [--cfg] [group=option] [key=value ...]",
            f"\n{VERBS[verb]}\n",
            "  --config-dir DIR  a folder of your own options, as DIR/data/NAME.yaml, and modules",
            "  --cfg             print the composed settings and stop\n",
            manual(verb, config_dir),
        ]
    )
