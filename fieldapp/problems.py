"""The catalogue of errors and their one JSON shape (RFC 9457), in Chinese and English.

Every answer that isn't a success has this shape: `type` (a stable URN), `title`, `status`, `code`, `detail` (what to do)
and, for bad input, `fields: [{path, message}]`. Domains raise `ProblemError`; nobody builds an error answer by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from flask import Flask, Response, current_app, json, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER = "5"  # seconds; until a database that is restarted is back


@dataclass(frozen=True)
class Kind:
    """One entry of the catalogue: HTTP status and, per language, title and remedy. Remedies may hold {placeholders}."""

    status: int
    title: tuple[str, str]
    remedy: tuple[str, str]


LANGS = ("zh", "en")

CATALOGUE: dict[str, Kind] = {
    "bad_request": Kind(
        400,
        ("请求有误", "Bad request"),
        ("请检查所列字段后重试。", "Check the listed fields and try again."),
    ),
    "malformed_json": Kind(
        400,
        ("内容无法读取", "Unreadable content"),
        ("请求内容不是有效的 JSON，请重新发送。", "The body is not valid JSON; send it again."),
    ),
    "invalid_fields": Kind(
        422,
        ("有字段填写不正确", "Some fields are not valid"),
        ("请改正下面列出的字段。", "Correct the fields listed below."),
    ),
    "clinic_unfit": Kind(
        422,
        ("机构名称或电话不合要求", "Not a clinic's name or number"),
        (
            "名称不超过60个字，不含特殊符号；电话为3到20位数字。两项都要填，或者都留空。",
            "Give a name of at most 60 characters without symbols and a number of 3 to 20 digits, "
            "or leave both blank.",
        ),
    ),
    "login_required": Kind(
        401,
        ("请先登录", "Log in first"),
        ("登录后再试；未发送的访视不会丢失。", "Log in and try again; unsent visits are safe."),
    ),
    "bad_credentials": Kind(
        401,
        ("用户名或密码不对", "Wrong user name or password"),
        (
            "请重新输入，忘记密码请联系管理员。",
            "Try again, or ask your administrator for a new password.",
        ),
    ),
    "bad_signature": Kind(
        401,
        ("设备验证失败", "Device not recognised"),
        ("请在联网时重新登录本设备。", "Log in again on this device while online."),
    ),
    "first_password": Kind(
        403,
        ("请先换成自己的密码", "Choose a password of your own first"),
        (
            "现在的密码是别人给的。请重新登录，按提示设置自己的密码。",
            "The present one was given to you. Log in again and choose your own when asked.",
        ),
    ),
    "code_required": Kind(
        403,
        ("请输入验证码", "Enter the code"),
        (
            "请打开验证器应用，输入现在显示的 6 位数字；手机不在身边时输入一个备用码。",
            "Open your authenticator app and enter the six digits it shows now; without the phone, "
            "one of your recovery codes.",
        ),
    ),
    "bad_code": Kind(
        401,
        ("验证码不对", "Wrong code"),
        (
            "请等下一个验证码再输入，每个只能用一次；手机和备用码都没有了，请联系管理员。",
            "Wait for the next code and enter that; each counts once. If phone and recovery codes "
            "are lost, ask your administrator.",
        ),
    ),
    "second_factor_required": Kind(
        403,
        ("请先设置两步验证", "Set up a second factor first"),
        (
            "本单位要求审核台用两步验证。请重新登录，按提示设置。",
            "Desks need a second factor here. Log in again and set it up when asked.",
        ),
    ),
    "forbidden": Kind(
        403,
        ("没有权限", "Not permitted"),
        (
            "您的角色或负责区域不包括此项，请联系主管。",
            "Your role or area does not include this; ask your supervisor.",
        ),
    ),
    "forged_origin": Kind(
        403,
        ("请求来源不明", "Request of unknown origin"),
        ("请从应用页面内操作。", "Use the app's own pages."),
    ),
    "plain_http": Kind(
        403,
        ("线路未加密", "The line is not encrypted"),
        ("请用 https 开头的地址打开。", "Open the address that begins with https."),
    ),
    "device_revoked": Kind(
        403,
        ("此设备已停用", "This device was revoked"),
        (
            "请联系主管。未发送的访视仍可上传。",
            "Contact your supervisor. Unsent visits can still be uploaded.",
        ),
    ),
    "not_found": Kind(
        404,
        ("没有找到", "Not found"),
        ("内容不存在，或不在您的负责范围内。", "It does not exist or is outside your area."),
    ),
    "method_not_allowed": Kind(
        405,
        ("不支持的操作", "Method not allowed"),
        ("请更新应用后重试。", "Update the app and try again."),
    ),
    "conflict_moved": Kind(
        409,
        ("内容已有变化", "It has changed meanwhile"),
        ("请重新打开后再决定。", "Open it again, then decide."),
    ),
    "issues_open": Kind(
        409,
        ("还有必须先处理的质量问题", "Quality issues must be settled first"),
        (
            "请逐条处理，或退回核对；确认可以照原样采用的，请写明理由。",
            "Settle each or return the visit; if it may stand as it is, say why.",
        ),
    ),
    "nothing_to_withdraw": Kind(
        409,
        ("没有可撤回的同意", "There is no consent to withdraw"),
        (
            "这项业务不以同意为依据；本人可以要求更正或删除。",
            "This service doesn't rest on consent; the person may ask for correction or deletion.",
        ),
    ),
    "still_aside": Kind(
        409,
        ("仍不能登记", "It still can't be taken in"),
        (
            "原因：{why}。请改正后再试；超出您负责范围的，请上级处理。",
            "Reason: {why}. Put that right and try again, or leave it to who has the right.",
        ),
    ),
    "second_person": Kind(
        409,
        ("须由另一个人批准", "Somebody else approves this"),
        (
            "登记的人不能自己批准。请另一位管理员登录后批准。",
            "Who wrote it down can't approve it. Let another administrator log in and do so.",
        ),
    ),
    "form_refused": Kind(
        422,
        ("表单不能发布", "The form can't be published"),
        ("请改正所列之处后重新上传。", "Correct what is listed and upload it again."),
    ),
    "too_large": Kind(
        413, ("内容太大", "Too large"), ("请分成更小的批次发送。", "Send it in smaller batches.")
    ),
    "unsupported_media": Kind(
        415, ("内容类型不支持", "Unsupported content type"), ("请以 JSON 发送。", "Send JSON.")
    ),
    "too_many_requests": Kind(
        429, ("操作太频繁", "Too many requests"), ("请稍候再试。", "Wait a little and try again.")
    ),
    "server_error": Kind(
        500,
        ("服务器出错", "Server error"),
        ("您的内容仍在手机上，请稍后重试。", "Your work is still on the phone; try again later."),
    ),
    "busy": Kind(503, ("服务器忙", "Server busy"), ("请稍后重试。", "Try again shortly.")),
}

_BY_STATUS = {400: "bad_request", 401: "login_required", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
              413: "too_large", 415: "unsupported_media", 422: "invalid_fields", 429: "too_many_requests", 503: "busy"}  # fmt: skip


class ProblemError(Exception):
    """An expected refusal. `code` is a key of CATALOGUE; `params` fill the remedy's placeholders."""

    def __init__(self, code: str, fields: Sequence[Mapping[str, str]] = (), **params: str) -> None:
        super().__init__(code)
        self.kind = CATALOGUE[code]
        self.code, self.fields, self.params = code, list(fields), params


def abort_with(code: str, fields: Sequence[Mapping[str, str]] = (), **params: str) -> NoReturn:
    """Stop handling the request with this problem."""
    raise ProblemError(code, fields, **params)


def language() -> int:
    """Index into LANGS of the reader's language: 0 (Chinese) unless the request prefers English."""
    return LANGS.index(request.accept_languages.best_match(LANGS, "zh"))


def problem_response(
    code: str, fields: Sequence[Mapping[str, str]] = (), status: int | None = None, **params: str
) -> Response:
    """The RFC 9457 answer for a catalogue entry."""
    kind, lang = CATALOGUE[code], language()
    body: dict[str, Any] = {
        "type": f"urn:fieldapp:problem:{code}",
        "title": kind.title[lang],
        "status": status or kind.status,
        "code": code,
        "detail": kind.remedy[lang].format(**params),
    }
    if fields:
        body["fields"] = list(fields)
    text = json.dumps(body, ensure_ascii=False)  # may quote half a character that was sent
    return Response(
        text.encode("utf-8", "replace"), status=body["status"], content_type=PROBLEM_TYPE
    )


def flat_messages(messages: Any, path: str = "") -> list[dict[str, str]]:
    """Marshmallow's nested messages as `[{path, message}]`, e.g. `{"json": {"name": ["…"]}}` → `name`."""
    if isinstance(messages, Mapping):
        if not path and set(messages) <= {"json", "query", "path", "headers", "form"}:
            return [row for part in messages.values() for row in flat_messages(part, "")]
        return [
            row
            for key, value in messages.items()
            for row in flat_messages(value, f"{path}/{key}" if path else str(key))
        ]
    if isinstance(messages, (list, tuple)):
        return [row for item in messages for row in flat_messages(item, path)]
    return [{"path": path, "message": str(messages)}]


def _first_line(error: OperationalError) -> str:
    """What the database said, without the statement or its values."""
    return str(error.orig).partition("\n")[0]


def init_problems(app: Flask) -> None:
    """Route every failure, expected or not, through the one shape."""

    @app.errorhandler(ProblemError)
    def expected(error: ProblemError) -> Response:
        return problem_response(error.code, error.fields, None, **error.params)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        fields = flat_messages((getattr(error, "data", None) or {}).get("messages", {}))
        code = _BY_STATUS.get(status, "server_error" if status >= 500 else "bad_request")
        if status == 400 and isinstance(getattr(error, "exc", None), ValueError):
            code, fields = "malformed_json", []
        answer = problem_response(code, fields, status)
        for name, value in error.get_headers():
            if name in ("Retry-After", "Allow"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(OperationalError)
    def unavailable(error: OperationalError) -> Response:
        """The database is stopped, restarting or overrun: it passes, and phones try again."""
        current_app.logger.error("no database on %s: %s", request.path, _first_line(error))
        answer = problem_response("busy")
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer

    @app.errorhandler(Exception)
    def surprise(error: Exception) -> Response:
        if app.testing:
            raise error
        current_app.logger.exception("unexpected error on %s", request.path)
        return problem_response("server_error")
