"""Forms and programs, as the one door needs them: types to merge by, forms to derive by.

The only module of sync that knows how programs and forms are described.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import current_app

from fieldapp.forms import service as forms
from fieldapp.forms.check import check
from fieldapp.forms.derive import derive
from fieldapp.forms.evaluate import Host, evaluate_entity
from fieldapp.forms.values import to_boolean, to_text
from fieldapp.programs.service import Programs, load_programs

from .entities import Entity, Props, TypeView
from .merge import Kind
from .reconcile import Derivation

Definition = Mapping[str, Any]


@dataclass(frozen=True)
class PublishedForm:
    """One version of a form with its program; see plan.Answered."""

    definition: Definition
    programs: Programs
    scope: str
    roles: Collection[str]

    def derive(self, answers: Mapping[str, Any], sid: str, on: str) -> Derivation:
        """The writes the answers make."""
        found = derive(self.definition, self.programs.compiled, answers, sid)
        return Derivation.of(found.as_json(), on)

    def problems(self, answers: Mapping[str, Any], role: str) -> Iterable[tuple[str, str, str]]:
        """Where the form would not have allowed the answers: (path, kind, message)."""
        return ()


class CurrentRules:
    """The programs and forms of this moment; forms are looked up once each."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs
        self._types: dict[tuple[str, str], TypeView | None] = {}
        self._forms: dict[tuple[str, str], PublishedForm | None] = {}

    def type(self, scope: str, name: str) -> TypeView | None:
        """A type of a scope."""
        if (scope, name) not in self._types:
            spec = self.programs.type(scope, name)
            self._types[scope, name] = spec and type_view(scope, name, spec)
        return self._types[scope, name]

    def form(self, form_id: str, version: str) -> PublishedForm | None:
        """A published version of a form; None if unknown."""
        key = (form_id, version)
        if key not in self._forms:
            self._forms[key] = self._published(form_id, version)
        return self._forms[key]
