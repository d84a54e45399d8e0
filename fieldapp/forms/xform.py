"""Reads the parts of an XForm that stand apart from its questions: languages, texts, choice lists.

It knows XML and no expressions beyond passing them on. XML is parsed without entities or external
references.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .problems import RefusedError

H = "{http://www.w3.org/1999/xhtml}"
XF = "{http://www.w3.org/2002/xforms}"
JR = "{http://openrosa.org/javarosa}"
ODK = "{http://www.opendatakit.org/xforms}"
ORX = "{http://openrosa.org/xforms}"
ENTITIES = "{http://www.opendatakit.org/xforms/entities}"
OWN = {"", JR, ODK, ORX, ENTITIES}
"""Namespaces of attributes that mean something to a form; others are notes to other programs."""
MEDIA = ("image", "big-image", "audio", "video")

Text: TypeAlias = str | dict[str, Any] | None
CompileText: TypeAlias = Callable[[str], Any]
"""Compiles the expression of an <output>."""


class XFormError(RefusedError):
    """The document has no XForm in it: a code of REFUSALS."""


@dataclass
class Itext:
    """Texts by id, language and form (`""`, `guidance`, `image`…), as XML."""

    langs: list[str] = field(default_factory=list)
    values: dict[str, dict[str, dict[str, Element]]] = field(default_factory=dict)


@dataclass
class XForm:
    """The document's parts. instances: secondary ones by id."""

    title: str
    model: Element
    body: Element
    primary: Element
    instances: dict[str, Element]
    itext: Itext


def local(tag: str) -> str:
    """A tag or attribute without its namespace."""
    return tag.rpartition("}")[2]


def read_xform(xml: str) -> XForm:
    """Take the document apart. Raises XFormError."""
    try:
        html = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise XFormError("xml_unreadable", detail=str(error)) from None
    model, body = html.find(f"{H}head/{XF}model"), html.find(f"{H}body")
    if model is None or body is None:
        raise XFormError("xform_none")
    instances = model.findall(f"{XF}instance")
    primary = instances[0][0] if instances and len(instances[0]) else None
    if primary is None:
        raise XFormError("xform_no_instance")
    return XForm(
        title=(html.findtext(f"{H}head/{H}title") or "").strip(),
        model=model,
        body=body,
        primary=primary,
        instances={i.get("id", ""): i for i in instances[1:]},
        itext=_read_itext(model),
    )


def namespace(tag: str) -> str:
    """The namespace of a tag or attribute, in braces; blank if it has none."""
    return tag[: tag.rindex("}") + 1] if "}" in tag else ""


def language_code(name: str) -> str:
    """`中文(zh)` → `zh`, `English` → `English`."""
    match = re.search(r"\(([\w-]+)\)\s*$", name)
    return match[1] if match else name.strip()


def _read_itext(model: Element) -> Itext:
    itext = Itext()
    translations = model.findall(f"{XF}itext/{XF}translation")
    translations.sort(key=lambda t: t.get("default") is None)
    for translation in translations:
        lang = language_code(translation.get("lang", ""))
        itext.langs.append(lang)
        for text in translation.findall(f"{XF}text"):
            forms = itext.values.setdefault(text.get("id", ""), {}).setdefault(lang, {})
            for value in text.findall(f"{XF}value"):
                forms[value.get("form", "")] = value
    return itext


class Texts:
    """Texts as the definition holds them: one entry per language."""

    def __init__(self, itext: Itext) -> None:
        self.itext = itext
        self.langs = itext.langs or ["default"]
        self.made: set[str] = set()  # kinds of media whose names were found to hold `${…}`

    def of(self, element: Element | None, output: CompileText, form: str = "") -> list[Text]:
        """The text of a label or hint element; empty if there is none in any language."""
        if element is None:
            return []
        ref = element.get("ref")
        if ref:
            return self.by_id(_itext_id(ref), output, form)
        own = mixed_text(element, output)
        return [own] * len(self.langs) if own and not form else []

    def of_message(self, source: str | None, output: CompileText) -> list[Text]:
        """A constraint or required message: plain text or `jr:itext('id')`."""
        if not source:
            return []
        ref = _itext_id(source)
        return self.by_id(ref, output) if ref else [source] * len(self.langs)

    def by_id(self, ref: str, output: CompileText, form: str = "") -> list[Text]:
        """A translated text; pyxform writes `-` where a language has none."""
        found: list[Text] = []
        for lang in self.langs:
            value = self.itext.values.get(ref, {}).get(lang, {}).get(form)
            text = mixed_text(value, output) if value is not None else None
            found.append(None if text in ("", "-") else text)
        return found if any(text is not None for text in found) else []

    def media(self, element: Element | None) -> dict[str, list[str]]:
        """File names of pictures and sounds per kind, one per language ('' where there is none)."""
        return self.media_of(_itext_id(element.get("ref", ""))) if element is not None else {}

    def media_of(self, ref: str) -> dict[str, list[str]]:
        """The same of a translated text."""
        found = {}
        for kind in MEDIA:
            names = [self._file(ref, lang, kind) for lang in self.langs]
            if any(names):
                found[kind] = names
        return found

    def _file(self, ref: str, lang: str, kind: str) -> str:
        value = self.itext.values.get(ref, {}).get(lang, {}).get(kind)
        if value is not None and len(value):
            self.made.add(kind)
            return ""
        name = (value.text or "").strip().rpartition("/")[2] if value is not None else ""
        return "" if name == "-" else name


def _itext_id(source: str) -> str:
    match = re.fullmatch(r"\s*jr:itext\(\s*(['\"])(.*)\1\s*\)\s*", source)
    return match[2] if match else ""


def mixed_text(element: Element, output: CompileText) -> Text:
    """Text with `<output value="…"/>` inside: a string, or parts with compiled expressions."""
    parts: list[Any] = [element.text or ""]
    for child in element:
        value = child.get("value") or child.get("ref")
        if local(child.tag) == "output" and value:
            parts += [output(value), child.tail or ""]
        else:
            parts[-1] += "".join(child.itertext()) + (child.tail or "")
    if len(parts) == 1:
        return str(parts[0]).strip()
    parts[0], parts[-1] = parts[0].lstrip(), parts[-1].rstrip()
    return {"parts": [part for part in parts if part != ""]}


def read_choices(
    instance: Element, texts: Texts, output: CompileText, value: str, label: str
) -> list[dict[str, Any]] | None:
    """A static choice list from a secondary instance; None if it isn't a flat list of items."""
    root = instance[0] if len(instance) else None
    if root is None or any(local(item.tag) != "item" for item in root):
        return None
    choices = []
    for item in root:
        cells = {local(cell.tag): cell for cell in item}
        if any(len(cell) for name, cell in cells.items() if name != label):
            return None
        choices.append(_choice(cells, texts, output, value, label))
    return choices


def _choice(
    cells: dict[str, Element], texts: Texts, output: CompileText, value: str, label: str
) -> dict[str, Any]:
    plain = {name: (cell.text or "").strip() for name, cell in cells.items()}
    translated = plain.pop("itextId", None)
    media = texts.media_of(translated) if translated is not None else {}
    if translated is not None:
        shown = texts.by_id(translated, output)
    else:
        shown = texts.of(cells.get(label), output)
    code = plain.pop(value, "")
    plain.pop(label, None)
    choice: dict[str, Any] = {"v": code, "l": shown or [code] * len(texts.langs)}
    return choice | ({"x": plain} if plain else {}) | ({"m": media} if media else {})


def elements(parent: Element) -> Iterator[tuple[str, Element]]:
    """Children with the local names of their tags; comments left out."""
    for child in parent:
        if isinstance(child.tag, str):
            yield local(child.tag), child
