"""`make access`: every round; ends with `tries=… leaks=0`, and fails if there is any leak."""

import sys

from fieldapp.accounts import passwords

from .run import ROUNDS, play


def main() -> int:
    """Play; the exit code."""
    from argon2 import PasswordHasher

    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    count, leaks = 0, 0
    for name in ROUNDS:
        outcome = play(name)
        for leak in outcome.leaks[:40]:
            print(f"{name}: {leak.who}: {leak.what}: {str(leak.leak)[:300]}", file=sys.stderr)
        print(f"{name}: tries={outcome.tries} leaks={len(outcome.leaks)}", flush=True)
        count, leaks = count + outcome.tries, leaks + len(outcome.leaks)
    print(f"tries={count} leaks={leaks}")
    return 1 if leaks or not count else 0


if __name__ == "__main__":
    raise SystemExit(main())
