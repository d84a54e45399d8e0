"""HTTP of devices, and a phone's enrolment."""

from typing import Any

from flask import Response, json
from flask.views import MethodView
from flask_smorest import Blueprint

from fieldapp import clock
from fieldapp.accounts import access, sessions
from fieldapp.accounts import service as accounts
from fieldapp.accounts.service import current_principal, login_required, roles_allowed
from fieldapp.areas import service as areas
from fieldapp.audit import service as access_log
from fieldapp.db import utc_text, write_transaction
from fieldapp.forms import service as forms
from fieldapp.problems import abort_with

from . import keys, service
from .models import Device
from .schemas import DeviceSchema, EnrolledSchema, EnrolSchema
from .terms import terms

WIRE_TYPE = "application/vnd.fs-sync+json"

blueprint = Blueprint("devices", __name__, url_prefix="/api/devices", description="Enrolled phones")
enrolment = Blueprint(
    "enrolment", __name__, url_prefix="/api/sync/enrol", description="Admit a phone"
)


@blueprint.route("")
class Devices(MethodView):
    """Phones."""

    @login_required
    @blueprint.response(200, DeviceSchema(many=True))
    def get(self) -> list[Device]:
        """The caller's phones; everybody's for an administrator"""
        principal = current_principal()
        if not access.may_administer(principal.role):
            return service.devices_of(principal.user_id)
        owners = {device.user_id for device in service.devices_of()}
        access_log.note_colleagues(principal, "devices", owners)
        return service.devices_of()


@blueprint.route("/<device_id>/revoke")
class Revocation(MethodView):
    """Ending a phone's rights."""

    @login_required
    @blueprint.response(200, DeviceSchema)
    def post(self, device_id: str) -> Device:
        """Revoke a phone: it pulls nothing more, and what it still pushes is kept aside"""
        principal = current_principal()
        with write_transaction():
            device = service.get(device_id)
            own = device is not None and device.user_id == principal.user_id
            if device is None or not (own or access.may_administer(principal.role)):
                abort_with("not_found")
            service.revoke(device)
        return device


@enrolment.route("")
class Enrolment(MethodView):
    """One phone of the person who is logged in."""

    @roles_allowed(*filter(access.carries, access.ROLES))
    @enrolment.arguments(EnrolSchema)
    @enrolment.response(200, EnrolledSchema)
    def post(self, wish: dict[str, Any]) -> Response:
        """Admit this phone; its session lasts 30 days from now"""
        principal = current_principal()
        try:
            with write_transaction():
                install = str(wish["install"])
                device_id = service.enrol(principal.user_id, install, wish["name"], wish["key"]).id
                sessions.bind_device(device_id)
        except keys.BadKeyError as error:
            abort_with("invalid_fields", [{"path": "key", "message": str(error)}])
        answer = {
            "nonce": wish["nonce"],
            "server_now": utc_text(clock.now()),
            "device": device_id,
            **_start(principal),
        }
        return Response(json.dumps(answer, ensure_ascii=False), content_type=WIRE_TYPE)


def _start(principal: accounts.Principal) -> dict[str, Any]:
    mine = areas.public(accounts.my_areas(principal), principal.lang)
    return {
        "user": {"id": principal.user_id, "name": principal.name, "role": principal.role},
        "grants_ver": accounts.grants_ver(principal),
        "feeds": accounts.feeds_of(principal),
        "areas": mine,
        "catalogue": forms.catalogue(principal)["hash"],
        "terms": terms(),
    }
