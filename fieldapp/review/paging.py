"""Which page of a list is shown. Pure."""


def last_within(page: int, size: int, total: int) -> int:
    """The page asked for, or the last there is: lists get shorter while one works through them."""
    return max(1, min(page, -(-total // size)))
