"""What is wrong with an account, in words; at the desk it becomes the problem `invalid_fields`."""


class AccountError(ValueError):
    """An account that can't be kept so. `field` names what is wrong; zh: the same in Chinese."""

    def __init__(self, field: str, message: str, zh: str = "") -> None:
        super().__init__(message)
        self.field, self.zh = field, zh or message
