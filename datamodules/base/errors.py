"""Every error that is the user's to mend: what was given, what is needed, and a HINT."""


class AlphaNetError(Exception):
    """Base of all errors shown to a user as one sentence (exit status 2), never as a traceback.

    Args:
        given: What was given, as a clause, with the offending value.
        needed: What is needed instead.
        hint: The exact setting or command that mends it.
    """

    def __init__(self, given: str, needed: str = "", hint: str = "") -> None:
        self.given, self.needed, self.hint = given, needed, hint
        sentence = f"{given}: {needed}" if needed else given
        super().__init__(f"{sentence}\nHINT: {hint}" if hint else sentence)

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        """Survive pickling between processes with all three parts."""
        return type(self), (self.given, self.needed, self.hint)


class ConfigError(AlphaNetError):
    """A setting that does not exist, has the wrong type, or contradicts another."""


class TableError(AlphaNetError):
    """A vendor table that cannot be used as it is."""


class PanelError(AlphaNetError):
    """A panel that is absent, foreign, damaged, or too short for what is asked."""


class FitError(AlphaNetError):
    """A fit folder that is absent, unfinished, damaged, or in use."""


class EvaluationError(AlphaNetError):
    """A factor or panel that the evaluation cannot work with."""


class UnfinishedError(AlphaNetError):
    """Work that was asked for rightly and did not all succeed: exit status 1."""
