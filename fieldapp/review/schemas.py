"""What the review desk says and accepts over HTTP."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from fieldapp.accounts import access
from fieldapp.sync.quality import NOTED, SEVERITIES
from fieldapp.sync.quality import STATES as ISSUE_STATES

STATES = ("received", "approved", "returned", "rejected", "corrected")
DECISIONS = ("approved", "returned", "rejected")
_uuid = validate.Regexp(r"^[0-9a-f-]{36}$")


class Value(fields.Field[Any]):
    """A register's value: text, an object of texts for a merge group, or null."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        group = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
        if value is None or isinstance(value, str) or group:
            return value
        raise ValidationError("A text, an object of texts, or null.")


class PageQuerySchema(Schema):
    """Paging. A page past the end shows the last one."""

    page = fields.Integer(load_default=1, validate=validate.Range(min=1, max=10_000))
    size = fields.Integer(load_default=25, validate=validate.Range(min=1, max=100))


class QueueQuerySchema(PageQuerySchema):
    """Filters of the queue."""

    scope = fields.String(validate=validate.OneOf(access.SCOPES))
    area = fields.String(metadata={"description": "Code of an area at any level"})
    form = fields.String()
    state = fields.String(load_default="received", validate=validate.OneOf((*STATES, "all")))
    issues = fields.Boolean(
        load_default=False, metadata={"description": "Only visits with open quality issues"}
    )


class VisitRowSchema(Schema):
    """A visit in the queue."""

    id = fields.String(required=True)
    form = fields.String(required=True)
    title = fields.String(required=True, metadata={"description": "The form's title"})
    subject = fields.String(required=True, metadata={"description": "Whom or what it is about"})
    scope = fields.String(required=True)
    area = fields.String(required=True)
    area_name = fields.String(required=True)
    author = fields.String(required=True)
    on = fields.String(required=True, metadata={"description": "Date the facts are about"})
    at = fields.String(required=True, metadata={"description": "When it was finished, UTC"})
    received = fields.String(required=True, metadata={"description": "When it arrived, UTC"})
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    urgent = fields.Boolean(required=True)
    conflicts = fields.Integer(required=True)
    issues = fields.Integer(required=True, metadata={"description": "Not yet settled"})
    blocking = fields.Integer(required=True, metadata={"description": "Of these, in the way"})
    corrects = fields.String(required=True, allow_none=True)
    durable = fields.Boolean(
        required=True, metadata={"description": "In a verified backup: safe for good"}
    )
    mine = fields.Boolean(required=True, metadata={"description": "The reader wrote it"})


class NamedSchema(Schema):
    """Something with an id and a name."""

    id = fields.String(required=True)
    name = fields.String(required=True)


class QueueSchema(Schema):
    """One page of the queue; the most urgent first, then the oldest."""

    items = fields.List(fields.Nested(VisitRowSchema), required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    size = fields.Integer(required=True)
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "By state, under the other filters"},
    )
    forms = fields.List(fields.Nested(NamedSchema), required=True)


class FileSchema(Schema):
    """An attachment that answers a question; open it at `visits/{id}/files/{name}`."""

    name = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("here", "coming")))
    kind = fields.String(
        required=True, validate=validate.OneOf(("image", "audio", "video", "file"))
    )
    size = fields.Integer(required=True, metadata={"description": "Bytes; 0 if not known yet"})
    aside = fields.Boolean(required=True, metadata={"description": "A revoked phone sent it"})


class ReadingSchema(Schema):
    """A group, a repeat's instance or an answered question, in the form's order."""

    kind = fields.String(required=True, validate=validate.OneOf(("group", "instance", "answer")))
    path = fields.String(required=True)
    label = fields.String(required=True)
    type = fields.String()
    value = fields.String()
    words = fields.String(metadata={"description": "The answer in words"})
    hidden = fields.Boolean(metadata={"description": "Answered, but not for this reader"})
    file = fields.Nested(FileSchema)
    many = fields.Boolean(metadata={"description": "Several may be chosen"})
    choices = fields.List(
        fields.Nested(lambda: ChoiceSchema()),
        metadata={"description": "What may be chosen instead; only of what can be put right"},
    )
    children = fields.List(fields.Nested(lambda: ReadingSchema()))


class ShownValueSchema(Schema):
    """A value in words, with who wrote it when."""

    v = Value(required=True, allow_none=True)
    words = fields.String(required=True)
    by = fields.String(required=True)
    at = fields.String(required=True)
    on = fields.String(required=True)
    form = fields.String(required=True, metadata={"description": "The form's title"})
    dot = fields.String(required=True)
    live = fields.Boolean(required=True)


class ChangeSchema(Schema):
    """What a visit wrote into one register, beside what was there before."""

    entity = fields.String(required=True)
    type_label = fields.String(required=True)
    subject = fields.String(required=True)
    new = fields.Boolean(required=True, metadata={"description": "The visit began this record"})
    register = fields.String(required=True)
    label = fields.String(required=True)
    before = fields.List(fields.Nested(ShownValueSchema), required=True)
    after = fields.String(required=True)
    cleared = fields.Boolean(required=True)
    dot = fields.String(required=True)
    same = fields.Boolean(required=True, metadata={"description": "Confirms what was there"})
    conflict = fields.Boolean(required=True)


_issue_state = validate.OneOf(ISSUE_STATES)


class IssueSchema(Schema):
    """A quality issue: a rule of the form that the answers break."""

    id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"description": "The rule"})
    severity = fields.String(required=True, validate=validate.OneOf(SEVERITIES))
    known = fields.Boolean(
        required=True, metadata={"description": "By what the server knew of the registry"}
    )
    path = fields.String(required=True)
    label = fields.String(required=True, metadata={"description": "What it is about"})
    message = fields.String(required=True)
    state = fields.String(required=True, validate=_issue_state)
    opened = fields.String(required=True)
    due = fields.String(required=True)
    late = fields.Boolean(required=True)
    owner = fields.String(required=True, metadata={"description": "Who sees to it; a name"})
    fixer = fields.String(required=True, metadata={"description": "Who fixed it; a name"})
    moves = fields.List(
        fields.String(validate=_issue_state),
        required=True,
        metadata={"description": "Where the reader may take it"},
    )


class IssueRowSchema(IssueSchema):
    """A quality issue with its visit."""

    visit = fields.String(required=True)
    title = fields.String(required=True, metadata={"description": "The form's title"})
    subject = fields.String(required=True)
    scope = fields.String(required=True)
    area_name = fields.String(required=True)
    author = fields.String(required=True)


class IssuesQuerySchema(PageQuerySchema):
    """Filters of the issues."""

    state = fields.String(
        load_default="unsettled", validate=validate.OneOf((*ISSUE_STATES, "unsettled", "all"))
    )
    scope = fields.String(validate=validate.OneOf(access.SCOPES))
    kind = fields.String(validate=validate.Length(max=40))
    severity = fields.String(validate=validate.OneOf(SEVERITIES))


class KindSchema(Schema):
    """A rule and how many issues of it are open."""

    kind = fields.String(required=True)
    name = fields.String(required=True)
    count = fields.Integer(required=True)


class IssuesSchema(Schema):
    """One page of quality issues, what blocks first, then what is due first."""

    items = fields.List(fields.Nested(IssueRowSchema), required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    size = fields.Integer(required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    kinds = fields.List(fields.Nested(KindSchema), required=True)


class MoveSchema(Schema):
    """Where an issue goes."""

    to = fields.String(required=True, validate=_issue_state)
    seen = fields.String(
        required=True,
        validate=_issue_state,
        metadata={"description": "The state that was shown; 409 if it is another by now"},
    )
    owner = fields.String(load_default="author", validate=validate.OneOf(("author", "me")))
    note = fields.String(load_default="", validate=validate.Length(max=500))


class NoteSchema(Schema):
    """A remark; `path` names the question it is about, blank: the whole visit."""

    path = fields.String(required=True, validate=validate.Length(max=300))
    text = fields.String(required=True, validate=validate.Length(min=1, max=500))


class DecidedSchema(Schema):
    """A decision somebody took."""

    state = fields.String(required=True)
    by = fields.String(required=True)
    at = fields.String(required=True)
    notes = fields.List(fields.Nested(NoteSchema), required=True)
    accepted = fields.String(
        required=True, metadata={"description": "Why it was approved with issues; blank if none"}
    )


class VisitSchema(VisitRowSchema):
    """One visit, whole."""

    reading = fields.List(fields.Nested(ReadingSchema), required=True)
    changes = fields.List(fields.Nested(ChangeSchema), required=True)
    findings = fields.List(fields.Nested(IssueSchema), required=True)
    decisions = fields.List(fields.Nested(DecidedSchema), required=True)
    corrected_by = fields.String(required=True, allow_none=True)
    decidable = fields.Boolean(required=True, metadata={"description": "The reader may decide"})
    notable = fields.Boolean(
        required=True, metadata={"description": "The reader may open a quality issue"}
    )


class OpenIssueSchema(Schema):
    """A quality issue somebody opens: one of few reasons, and what it is about."""

    kind = fields.String(required=True, validate=validate.OneOf(NOTED))
    path = fields.String(
        load_default="",
        validate=validate.Length(max=300),
        metadata={"description": "The question; blank: the whole visit"},
    )


class DecisionSchema(Schema):
    """A decision. Returning needs at least one note."""

    state = fields.String(required=True, validate=validate.OneOf(DECISIONS))
    seen = fields.String(
        required=True,
        validate=validate.OneOf(STATES),
        metadata={"description": "The state that was shown; 409 if it is another by now"},
    )
    notes = fields.List(
        fields.Nested(NoteSchema), load_default=list, validate=validate.Length(max=50)
    )
    accepted = fields.String(
        load_default="",
        validate=validate.Length(max=500),
        metadata={"description": "Why it is approved though issues block it"},
    )


class ConflictRowSchema(Schema):
    """A register in which different values stand."""

    entity = fields.String(required=True)
    register = fields.String(required=True)
    value = fields.String(
        required=True, metadata={"description": "Dot of a value standing in it; names it"}
    )
    label = fields.String(required=True)
    type_label = fields.String(required=True)
    subject = fields.String(required=True)
    scope = fields.String(required=True)
    area_name = fields.String(required=True)
    since = fields.String(required=True)
    values = fields.List(fields.String(), required=True, metadata={"description": "In words"})


class ConflictsSchema(Schema):
    """One page of conflicts, the oldest first."""

    items = fields.List(fields.Nested(ConflictRowSchema), required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    size = fields.Integer(required=True)


class ChoiceSchema(Schema):
    """A choice of a list."""

    value = fields.String(required=True)
    label = fields.String(required=True)


class MemberSchema(Schema):
    """One property of the register: the register itself, or a member of its merge group."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    choices = fields.List(fields.Nested(ChoiceSchema), required=True)


class ConflictSchema(ConflictRowSchema):
    """One conflict, whole."""

    standing = fields.List(fields.Nested(ShownValueSchema), required=True)
    history = fields.List(fields.Nested(ShownValueSchema), required=True)
    members = fields.List(fields.Nested(MemberSchema), required=True)
    group = fields.Boolean(required=True, metadata={"description": "Values are objects by member"})
    decidable = fields.Boolean(required=True)


class SettlementSchema(Schema):
    """The value that shall stand instead of all values shown."""

    v = Value(required=True, allow_none=True)
    seen = fields.List(
        fields.String(validate=validate.Length(max=60)),
        required=True,
        validate=validate.Length(min=1, max=100),
        metadata={"description": "The dots of the values shown; 409 if others stand by now"},
    )


class SettledSchema(Schema):
    """The submission that settled it."""

    id = fields.String(required=True)


class QuarantinedSchema(Schema):
    """A submission kept aside: who, when and why, nothing of what it says."""

    id = fields.String(required=True)
    author = fields.String(required=True)
    area_name = fields.String(required=True)
    title = fields.String(
        required=True, metadata={"description": "The form; blank if not for the reader"}
    )
    received = fields.String(required=True)
    why = fields.String(required=True)
    subject = fields.String(
        required=True, metadata={"description": "Whose consent it waits for, else blank"}
    )
    days_left = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Until its text is destroyed; null: it isn't"},
    )


class KeptDecisionSchema(Schema):
    """What somebody did about it, and why."""

    at = fields.String(required=True)
    name = fields.String(required=True)
    action = fields.String(required=True, validate=validate.OneOf(["released", "repaired"]))
    reason = fields.String(required=True)


class KeptAreaSchema(Schema):
    """A village of the reader's."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class KeptSchema(QuarantinedSchema):
    """A submission kept aside, opened: of an administrator, nothing of what it says."""

    state = fields.String(required=True)
    n = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Its number on its phone, if all its numbers are the caller's"},
    )
    area = fields.String(required=True)
    fv = fields.String(required=True, metadata={"description": "Version of the form"})
    detail = fields.String(required=True)
    reading = fields.List(fields.Nested(ReadingSchema), required=True)
    versions = fields.List(fields.String(), required=True)
    areas = fields.List(fields.Nested(KeptAreaSchema), required=True)
    decisions = fields.List(fields.Nested(KeptDecisionSchema), required=True)
    releasable = fields.Boolean(required=True)
    repairable = fields.Boolean(required=True)


_reason = validate.And(validate.Length(min=2, max=500), validate.Regexp(r"\S"))


class ReleaseSchema(Schema):
    """Let it in as it is."""

    reason = fields.String(required=True, validate=_reason)


class RepairSchema(ReleaseSchema):
    """Let it in, put right. answers: by the path of a question."""

    answers = fields.Dict(
        keys=fields.String(validate=validate.Length(max=200)),
        values=fields.String(validate=validate.Length(max=2000)),
        load_default=dict,
    )
    area = fields.String(load_default=None, validate=validate.Length(max=40))
    fv = fields.String(load_default=None, validate=validate.Length(max=100))


class OldFormSchema(Schema):
    """A version filled in after a later one was published."""

    title = fields.String(required=True)
    version = fields.String(required=True)
    count = fields.Integer(required=True)


class PhoneSchema(Schema):
    """A phone of somebody whose work the caller oversees."""

    id = fields.String(required=True)
    author = fields.String(required=True)
    name = fields.String(required=True)
    last_seen = fields.String(
        required=True, metadata={"description": "A moment; only the day if not `numbered`"}
    )
    revoked = fields.String(required=True, allow_none=True)
    numbered = fields.Boolean(
        required=True,
        metadata={"description": "Whether all it numbered is the caller's to count"},
    )
    silent = fields.Boolean(required=True, metadata={"description": "Unheard of for 3 days"})
    waiting = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "Finished and not here, as the phone last said; if not `numbered`, of "
            "scopes in which all its owner may write is the caller's to see (null: never said)"
        },
    )
    stored = fields.Integer(required=True)
    durable = fields.Integer(
        required=True, metadata={"description": "Of what came, in a verified backup"}
    )
    quarantined = fields.Integer(required=True)
    gaps = fields.List(
        fields.List(fields.Integer()),
        required=True,
        metadata={
            "description": "If `numbered`: numbers `[from, to]` that never came, though later did"
        },
    )
    repairs = fields.Integer(
        required=True, metadata={"description": "How often its copy had to be mended"}
    )
    repaired = fields.String(required=True, allow_none=True)
    old_forms = fields.List(fields.Nested(OldFormSchema), required=True)


class EmergenciesSchema(Schema):
    """Looks at a record in an emergency that wait for the caller's judgement."""

    open = fields.Integer(required=True)
    late = fields.Integer(required=True, metadata={"description": "Of these, for over 24 hours"})
    hours = fields.Integer(
        required=True, metadata={"description": "How late the latest of them is"}
    )


class SummarySchema(Schema):
    """How much waits, for the desk's tabs."""

    visits = fields.Integer(required=True)
    urgent = fields.Integer(required=True)
    conflicts = fields.Integer(required=True)
    issues = fields.Integer(required=True)
    quarantined = fields.Integer(required=True)
    emergencies = fields.Nested(EmergenciesSchema, required=True)
