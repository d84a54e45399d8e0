"""HTTP of trainings for both scopes: one administrator writes it down, another approves."""

from datetime import date

from flask.views import MethodView

from fieldapp import wall
from fieldapp.db import write_transaction

from . import training
from .factor_routes import users
from .keeping import note
from .models import User
from .routes import account_problems
from .routes import known as account
from .schemas import TrainedOnSchema, UserSchema
from .service import current_principal, roles_allowed

__all__ = ["users"]  # the blueprint that has these routes too


@users.route("/<user_id>/training")
class UserTraining(MethodView):
    """A person's training to keep health and housing apart."""

    decorators = [roles_allowed("admin")]

    @users.arguments(TrainedOnSchema)
    @users.response(200, UserSchema)
    def put(self, told: dict[str, date], user_id: str) -> User:
        """Write down its day; it waits for another administrator, if there is one"""
        actor = current_principal()
        with account_problems(), wall.system("access log"), write_transaction():
            user = account(user_id)
            training.asked(user, told["trained_on"].isoformat(), actor.user_id)
            note(user, ["training"], actor)
        return user


@users.route("/<user_id>/training/approval")
class UserTrainingApproval(MethodView):
    """Another administrator's word."""

    decorators = [roles_allowed("admin")]

    @users.arguments(TrainedOnSchema)
    @users.response(200, UserSchema)
    def post(self, seen: dict[str, date], user_id: str) -> User:
        """Approve the training of that day"""
        actor = current_principal()
        with wall.system("access log"), write_transaction():
            user = account(user_id)
            training.approve(user, seen["trained_on"].isoformat(), actor.user_id)
            note(user, ["approval"], actor)
        return user
