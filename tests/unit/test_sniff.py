"""What bytes are is told by the bytes, and only what is on the list is shown."""

import pytest

from fieldapp.attachments.sniff import UNKNOWN, kind_of, sniff


@pytest.mark.parametrize(
    ("data", "mime", "kind"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg", "image"),
        (b"\x89PNG\r\n\x1a\n....", "image/png", "image"),
        (b"RIFF....WEBPVP8 ", "image/webp", "image"),
        (b"RIFF....WAVEfmt ", "audio/wav", "audio"),
        (b"RIFF....AVI LIST", UNKNOWN, "file"),
        (b"OggS\x00", "audio/ogg", "audio"),
        (b"ID3\x04", "audio/mpeg", "audio"),
        (b"\x00\x00\x00\x1cftypM4A ", "audio/mp4", "audio"),
        (b"\x00\x00\x00\x1cftypisom", "video/mp4", "video"),
        (b"\x1a\x45\xdf\xa3", "video/webm", "video"),
        (b"%PDF-1.7", "application/pdf", "file"),
        (b"<svg xmlns=", UNKNOWN, "file"),
        (b"<!doctype html>", UNKNOWN, "file"),
        (b"GIF89a", UNKNOWN, "file"),
        (b"", UNKNOWN, "file"),
    ],
)
def test_bytes_say_what_they_are(data: bytes, mime: str, kind: str) -> None:
    assert (sniff(data), kind_of(mime)) == (mime, kind)
