"""What bytes are, by what they begin with: only this decides how they are shown, never a name.

Pure. A closed list: what isn't on it is a file to save. Nothing on it can run (no SVG, no HTML).
"""

from typing import Final

IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
UNKNOWN: Final = "application/octet-stream"
HEAD: Final = 16  # bytes that tell

_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"#!AMR", "audio/amr"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),  # a sound recorded as WebM plays in a video frame too
    (b"%PDF-", "application/pdf"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_SOUNDS: Final = (b"M4A ", b"M4B ")


def sniff(data: bytes) -> str:
    """The MIME type of what begins so; UNKNOWN if it isn't on the list."""
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12], UNKNOWN)
    if data[4:8] == b"ftyp":
        return "audio/mp4" if data[8:12] in _SOUNDS else "video/mp4"
    return next((kind for start, kind in _STARTS if data.startswith(start)), UNKNOWN)


def kind_of(mime: str) -> str:
    """How a screen shows it: `image`, `audio`, `video` or `file`."""
    main = mime.partition("/")[0]
    return main if main in ("audio", "video") or mime in IMAGES else "file"
