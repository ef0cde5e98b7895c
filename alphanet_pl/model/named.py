"""Classes that settings name: a shipped one by a word, one of the user's own as module.Class.

A module of the user's is found in the folder of --config-dir, or installed. Importing it runs it,
so a name is followed where a command's settings give it, and nowhere else: what a fit or a
checkpoint says is looked up among the classes that were named so before.
"""

import hashlib
import importlib
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from datamodules.base.errors import ConfigError, FitError
from datamodules.base.words import nearest

T = TypeVar("T")

_ADMITTED: dict[tuple[str, str], type] = {}
"""(Setting, name) -> class of the user's own that this process's settings have named."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """What one setting can name.

    Attributes:
        key: The setting.
        base: What every class derives from, checked before anything is called.
        shipped: Our own, by their words.
        arguments: The setting that holds further arguments; None where there is none.
        settings: Settings of their own that arguments of this name have.
    """

    key: str
    base: type[T]
    shipped: Mapping[str, type[T]]
    arguments: str | None
    settings: Mapping[str, str] = field(default_factory=dict)

    def admit(self, name: str) -> type[T]:
        """The class that a command's settings name, imported where it is the user's own.

        Raises:
            ConfigError: There is none, or it does not derive from `base`.
        """
        if name in self.shipped:
            return self.shipped[name]
        found = _ADMITTED.get((self.key, name)) or self._import(name)
        _ADMITTED[self.key, name] = found
        return found

    def known(self, name: str) -> type[T]:
        """The class that a fit names: shipped, or named by this command's settings, too.

        Raises:
            FitError: It is neither.
        """
        found = self.shipped.get(name) or _ADMITTED.get((self.key, name))
        if found is None:
            raise FitError(
                f"a fit names {name} as its {self.key}",
                "a class is taken from the settings of a command, never from a file of weights",
                f"{self.key}={name} on the command line, if the class is yours",
            )
        return found

    def make(self, name: str, arguments: Mapping[str, Any], facts: Mapping[str, Any]) -> T:
        """An object of a `known` class.

        Args:
            name: Of the class.
            arguments: The user's; each must be one that the class takes.
            facts: What is known anyway, given to a class that asks for it by name.

        Raises:
            ConfigError: An argument is unknown or follows from other settings, one is missing, or
                the class refuses its value.
        """
        found = self.known(name)
        parameters = inspect.signature(found).parameters
        self._refuse_arguments(name, arguments, parameters, facts)
        given = {key: facts[key] for key in parameters if key in facts} | dict(arguments)
        for key, parameter in parameters.items():
            variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if parameter.default is parameter.empty and not variable and key not in given:
                raise ConfigError(
                    f"{self.key}={name} was given",
                    f"it takes {key}, which is no setting and none of {', '.join(facts)}",
                    f"{self.arguments}.{key}=VALUE" if self.arguments else f"a default for {key}",
                )
        try:
            return found(**given)
        except (TypeError, ValueError, RuntimeError) as error:  # torch's own for a shape
            if not arguments:
                raise
            raise ConfigError(
                f"{self.arguments}={dict(arguments)} was given",
                f"{name} refuses it ({error})",
                f"values that {name} takes, or leave them out",
            ) from error

    def _refuse_arguments(
        self,
        name: str,
        arguments: Mapping[str, Any],
        parameters: Mapping[str, inspect.Parameter],
        facts: Mapping[str, Any],
    ) -> None:
        takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        free = [key for key in parameters if key not in facts]
        for argument, value in arguments.items():
            given = f"{self.arguments}.{argument} was given"
            if argument in facts and argument in parameters:
                setting = self.settings.get(argument)
                hint = f"{setting}={value}" if setting else "leave it out"
                raise ConfigError(given, "it follows from other settings", hint)
            if argument not in parameters and not takes_any:
                near = nearest(argument, free, cutoff=0.5)
                raise ConfigError(
                    given,
                    f"{name} takes {', '.join(free) or 'no arguments'}",
                    f"{self.arguments}.{near}={value}" if near else "leave it out",
                )

    def digest(self, name: str) -> str | None:
        """SHA-256 of the source file of a user's own class; None for ours and PyTorch's."""
        if name in self.shipped or "." not in name or name.startswith("torch."):
            return None
        source = sys.modules[self.admit(name).__module__].__file__
        return hashlib.sha256(Path(str(source)).read_bytes()).hexdigest()

    def _import(self, name: str) -> type[T]:
        given = f"{self.key}={name} was given"
        module, _, attribute = name.rpartition(".")
        if not module:
            near = nearest(name, self.shipped)
            raise ConfigError(
                given,
                f"it is one of {', '.join(self.shipped)}, or module.Class of your own",
                f"{self.key}={near}",
            )
        try:
            inside = importlib.import_module(module)
        except Exception as error:  # whatever a module of the user's may raise
            raise ConfigError(
                given,
                f"{module} cannot be imported ({type(error).__name__}: {error})",
                f"put {module.replace('.', '/')}.py into FOLDER and give --config-dir FOLDER",
            ) from error
        found = getattr(inside, attribute, None)
        if not (isinstance(found, type) and self.base in found.__mro__):
            fitting = [key for key, one in vars(inside).items() if self._fits(one)]
            near = nearest(attribute, fitting)
            raise ConfigError(
                given,
                f"it needs a class that derives from {self.base.__module__}.{self.base.__name__}",
                f"{self.key}={module}.{near}" if near else f"derive it in {module}",
            )
        return found

    def _fits(self, found: object) -> bool:
        return isinstance(found, type) and self.base in found.__mro__ and found is not self.base
