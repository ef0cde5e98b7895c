"""A full disk, told apart from everything else that may go wrong with a fit."""

from datamodules.base.errors import UnfinishedError
from datamodules.base.files import is_disk_full


def disk_full(error: BaseException) -> UnfinishedError | None:
    """The sentence for a full disk if one is behind this error, else None."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, OSError) and is_disk_full(at):
            where = f" ({at.filename})" if at.filename else ""
            return UnfinishedError(
                f"the disk is full{where}",
                "fits and tables must be written",
                "free some space; the same command continues where it stopped",
            )
        at = at.__cause__ or at.__context__
    return None
