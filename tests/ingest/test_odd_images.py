"""Odd image files, as they turn up in real data sets: each becomes the right pixels, or is skipped with its reason."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest.images.decoding import UnreadableImage, decode
from tests.ingest.pictures import picture

COLOURS = picture(1, (7, 5))
GREY = np.random.default_rng(2).integers(0, 1 << 16, (5, 7), np.uint16)
HIGH_BYTE = Image.fromarray((GREY >> 8).astype(np.uint8)).convert("RGB")


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def as_pillow_reads(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def deep_rgb_png() -> bytes:
    """A PNG of 16 bits a colour, which Pillow cannot write: the high bytes are those of COLOURS."""
    high = np.asarray(COLOURS)
    rows = np.stack([high, np.full_like(high, 0x5A)], axis=-1).reshape(5, -1)
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", 7, 5, 16, 2, 0, 0, 0)
    parts = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")):
        parts += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return parts


def big_endian_tiff() -> bytes:
    """A TIFF of 16 bits whose bytes stand the other way round, which Pillow cannot write."""
    data = GREY.astype(">u2").tobytes()
    tags = [(256, 7), (257, 5), (258, 16), (259, 1), (262, 1), (273, 8), (277, 1), (278, 5), (279, len(data))]
    entries = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    return b"MM\0*" + struct.pack(">I", 8 + len(data)) + data + struct.pack(">H", len(tags)) + entries + b"\0\0\0\0"


def turned(orientation: int) -> Image.Image:
    """COLOURS as a camera would store it, to be shown by this EXIF orientation."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return COLOURS.transpose(undo[orientation]) if orientation in undo else COLOURS


def with_orientation(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(turned(orientation), "PNG", exif=exif)


PAGES = [COLOURS, picture(9, (7, 5))]
JPEG = saved(COLOURS, "JPEG", quality=95)
CMYK = saved(COLOURS.convert("CMYK"), "JPEG")
YCBCR = saved(COLOURS.convert("YCbCr"), "TIFF")
LAB = saved(Image.merge("LAB", COLOURS.split()), "TIFF")

READ: dict[str, tuple[bytes, Image.Image]] = {
    **{f"EXIF orientation {number}": (with_orientation(number), COLOURS) for number in range(1, 9)},
    "an EXIF orientation that is none": (with_orientation(77), COLOURS),
    "16 bits grey PNG": (saved(Image.fromarray(GREY), "PNG"), HIGH_BYTE),
    "16 bits grey TIFF": (saved(Image.fromarray(GREY), "TIFF"), HIGH_BYTE),
    "16 bits grey TIFF, the other byte order": (big_endian_tiff(), HIGH_BYTE),
    "16 bits PGM": (b"P5\n7 5\n65535\n" + GREY.astype(">u2").tobytes(), HIGH_BYTE),
    "16 bits RGB PNG": (deep_rgb_png(), COLOURS),
    "grey JPEG": (saved(COLOURS.convert("L"), "JPEG"), as_pillow_reads(saved(COLOURS.convert("L"), "JPEG"))),
    "CMYK JPEG": (CMYK, as_pillow_reads(CMYK)),
    "CMYK TIFF": (saved(COLOURS.convert("CMYK"), "TIFF"), COLOURS.convert("CMYK").convert("RGB")),
    "YCbCr TIFF": (YCBCR, as_pillow_reads(YCBCR)),
    "LAB TIFF": (LAB, as_pillow_reads(LAB)),
    "progressive JPEG": (
        saved(COLOURS, "JPEG", progressive=True),
        as_pillow_reads(saved(COLOURS, "JPEG", progressive=True)),
    ),
    "black and white PNG": (saved(COLOURS.convert("1"), "PNG"), COLOURS.convert("1").convert("RGB")),
    "palette GIF": (saved(COLOURS.quantize(8), "GIF"), COLOURS.quantize(8).convert("RGB")),
    "animated GIF": (
        saved(PAGES[0].quantize(8), "GIF", save_all=True, append_images=[PAGES[1].quantize(8)]),
        PAGES[0].quantize(8).convert("RGB"),
    ),
    "TIFF of two pages": (saved(PAGES[0], "TIFF", save_all=True, append_images=PAGES[1:]), COLOURS),
    "palette with a transparent colour": (
        saved(COLOURS.quantize(8), "PNG", transparency=2),
        COLOURS.quantize(8).convert("RGB"),
    ),
    "colours with alpha": (saved(Image.merge("RGBA", [*COLOURS.split(), COLOURS.getchannel(0)]), "PNG"), COLOURS),
    "grey with alpha": (saved(COLOURS.convert("LA"), "PNG"), COLOURS.convert("L").convert("RGB")),
    "lossless WebP": (saved(COLOURS, "WEBP", lossless=True), COLOURS),
    "BMP": (saved(COLOURS, "BMP"), COLOURS),
    "one pixel": (saved(picture(3, (1, 1)), "PNG"), picture(3, (1, 1))),
    "bytes after the end": (JPEG + b"\0" * 100, as_pillow_reads(JPEG)),
}

SKIPPED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "no image"),
    "text": (lambda: b"<html>404 Not Found</html>", "no image"),
    "truncated JPEG": (lambda: saved(picture(4, (64, 64)), "JPEG")[:900], "truncated"),
    "truncated PNG": (lambda: saved(picture(4, (64, 64)), "PNG")[:400], ""),
    "32 bits": (lambda: saved(Image.fromarray(np.zeros((3, 3), np.int32)), "TIFF"), "32 bits"),
    "floats": (lambda: saved(Image.fromarray(np.zeros((3, 3), np.float32)), "TIFF"), "32 bits"),
    "a PNG whose data is damaged": (lambda: saved(COLOURS, "PNG").replace(b"IDAT", b"IDAX"), ""),
    "a bomb": (lambda: saved(Image.new("1", (20_000, 20_000)), "PNG"), "more than"),
}


@pytest.mark.parametrize("kind", READ)
def test_an_odd_file_becomes_the_right_pixels(tmp_path: Path, kind: str) -> None:
    content, expected = READ[kind]
    # Its name says another format than it has: what counts is the content.
    (tmp_path / "image.png").write_bytes(content)
    for file in (tmp_path / "image.png", io.BytesIO(content)):
        got = decode(file)
        assert got.mode == "RGB"
        assert np.array_equal(np.asarray(got), np.asarray(expected))


@pytest.mark.parametrize("kind", SKIPPED)
def test_what_cannot_be_read_has_a_reason_of_one_line(kind: str) -> None:
    make, said = SKIPPED[kind]
    with pytest.raises(UnreadableImage) as raised:
        decode(io.BytesIO(make()))
    assert said in str(raised.value)
    assert str(raised.value)
    assert "\n" not in str(raised.value)
    assert "0x" not in str(raised.value)


def test_a_link_that_leads_nowhere_and_a_folder_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "absent.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(UnreadableImage, match="not there"):
        decode(tmp_path / "broken.jpg")
    with pytest.raises(UnreadableImage):
        decode(tmp_path / "folder.jpg")
