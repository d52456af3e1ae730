"""Hostile files: a valid file changed at random, with an eye to what its format is made of.

The same kind and number always give the same file.
"""

import gzip
import io
import json
import random
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from hostile.seeds import seeds

Change = Callable[[random.Random, bytes], bytes]

EXTREMES = (0, 1, 2, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
HUGE = "@huge@"  # stands for a number that JSON's writer refuses to write
# What may stand where a number, a text or a table is expected; \x1b is obeyed by terminals, \u202e turns text around.
VALUES: tuple[Any, ...] = (
    *(-1, 0, 1, 3, 10**6, 10**12, 2**31, 2**63, 2**64, -(2**63), 10**30, 10**400, HUGE),
    *(0.5, -0.0, 1e-320, 1e308, -1e308, float("inf"), float("-inf"), float("nan"), True, False, None),
    *(
        "",
        "x",
        "\x1b[31mred\x07",
        "two\nlines",
        "\u202eback",
        "\ud800",
        "\0",
        "[red]",
        "$\\frac$",
        "../../x",
        "x" * 99_999,
    ),
    *([], {}, [1], [[1]], [1] * 70, [10**9, 10**9], {"type": "Dense"}, {"type": "\x1b[2J"}, ["a", "b"], "ReLU"),
)


def hostile(kind: str, number: int) -> bytes:
    """The hostile file of this kind and number."""
    rng = random.Random(f"{kind} {number}")
    contents = rng.choice(seeds(kind))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        if len(contents) > 2**20:  # a bomb: what else is done to it takes long, and adds little
            break
        structured = rng.random() < 0.7
        contents = rng.choice(CHANGES.get(kind, BYTES) if structured else BYTES)(rng, contents)
    return contents


# --- bytes of any format


def flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.choice((0, 255, 128, rng.randrange(256)))
    return bytes(changed)


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def splice(rng: random.Random, data: bytes) -> bytes:
    """A piece left out, doubled, moved or put in at random."""
    a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    piece = rng.choice((b"", data[a:b] * 2, data[a:b][::-1], rng.randbytes(rng.randrange(40)), bytes(b - a)))
    return data[:a] + piece + data[b:]


def extreme(rng: random.Random, data: bytes) -> bytes:
    """A number of 2, 4 or 8 bytes, most often near the start, replaced by an extreme one."""
    size = rng.choice((2, 4, 8))
    place = rng.randrange(max(1, min(len(data), rng.choice((16, 64, len(data) or 1)))))
    value = (rng.choice(EXTREMES) % 256**size).to_bytes(size, rng.choice(("little", "big")))
    return data[:place] + value + data[place + size :]


def longer(rng: random.Random, data: bytes) -> bytes:
    return data + rng.choice((b"\0", b"\n" * 5000, data, rng.randbytes(50), bytes(100_000)))


BYTES: tuple[Change, ...] = (flip, cut, splice, extreme, longer)


# --- values, and the texts that hold them


def edited(rng: random.Random, value: Any) -> Any:
    """A value of JSON with one change somewhere in it."""
    if isinstance(value, dict | list) and value and rng.random() < 0.85:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = rng.choice(keys)
        copy = value.copy()
        what = rng.random()
        if what < 0.1:
            del copy[key]
        elif what < 0.15 and isinstance(copy, dict):
            copy[rng.choice(("x", "", "\x1b[31m", "type", "seed"))] = copy.pop(key)
        elif what < 0.2 and isinstance(copy, list):
            copy *= rng.choice((2, 300))
        else:
            copy[key] = edited(rng, copy[key])
        return copy
    if rng.random() < 0.1:
        depth = rng.choice((30, 400, 900))
        for _ in range(depth):
            value = [value] if rng.random() < 0.5 else {"then": value, "type": "WarmUp", "over": 1}
    return rng.choice((*VALUES, value)) if not isinstance(value, dict | list) or rng.random() < 0.7 else value


def as_json(rng: random.Random, value: Any) -> str:
    try:
        text = json.dumps(value)
    except (RecursionError, ValueError):
        text = "[" * 100_000
    text = text.replace(f'"{HUGE}"', "9" * rng.choice((4000, 5000)))
    if rng.random() < 0.05:  # a key twice
        text = re.sub(r'("\w+": )([^,{}\[\]]+)', r"\1\2, \1null", text, count=1)
    return text


def edit_json_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.decode(errors="replace").splitlines() or [""]
    place = rng.randrange(len(lines))
    try:
        lines[place] = as_json(rng, edited(rng, json.loads(lines[place])))
    except (ValueError, RecursionError):
        lines[place] = "[" * 5000
    return rng.choice(("\n", "\n", "\r", "\n\n", "\u2028")).join(lines).encode(errors="surrogatepass")


def edit_tensors(rng: random.Random, data: bytes) -> bytes:
    """The header of a safetensors file, or the description in it, with a change."""
    length = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + length])
        described = header.get("__metadata__")
        if described and rng.random() < 0.7:
            (key, text), *_ = described.items()
            header["__metadata__"] = {key: as_json(rng, edited(rng, json.loads(text)))}
        elif rng.random() < 0.3:
            name = rng.choice([name for name in header if name != "__metadata__"])
            header[name]["dtype"] = rng.choice(("BF16", "F8_E4M3", "F16", "F64", "I64", "BOOL", "U8", "F4", "C64"))
        else:
            header = edited(rng, header)
        text = as_json(rng, header)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError, IndexError):
        return flip(rng, data)
    encoded = text.encode()
    return (len(encoded) + rng.choice((0,) * 9 + (1,))).to_bytes(8, "little") + encoded + data[8 + length :]


TOKEN = re.compile(r'(?<==)\s*("[^"\n]*"|[-+\w.]+|\[[^\n]*\]|\{[^\n]*\})|(?<=[\[,])\s*("[^"\n]*"|[\d.]+)')
TOML_VALUES = (
    *("-1", "0", "1", "1000000000000", "9223372036854775807", "1" + "0" * 30, "0x" + "f" * 9000, "9" * 5000, "1e308"),
    *("1e-320", "-1e308", "inf", "-inf", "nan", "true", '"x"', '"\\u001b[31m"', '"two\\nlines"', '"\\u202e"', "[]"),
    *("{}", "[[1]]", "1979-05-27T07:32:00Z", "9999-99-99", '{type = "Dense"}', '{type = "\\u001b[2J"}', "'''x'''"),
    *("[" * 3000, "[" * 60 + "]" * 60, "{a=" * 300 + "1" + "}" * 300, "[" + "1," * 3000 + "]", '"' + "x" * 9999 + '"'),
    *('{type = "WarmUp", over = 1, then = ' * 300 + '"ConstantRate"' + "}" * 300, '["ReLU", 999999999, 5]', "0.0"),
    *('"../../x"', '[{type = "Reshape", shape = [' + "1," * 70 + "]}]", '[{type = "MaxPool2D", size = 9}]'),
)  # fmt: skip


def edit_toml(rng: random.Random, data: bytes) -> bytes:
    text = data.decode(errors="replace")
    what = rng.random()
    places = list(TOKEN.finditer(text))
    if what < 0.75 and places:
        place = rng.choice(places)
        return (text[: place.start()] + " " + rng.choice(TOML_VALUES) + text[place.end() :]).encode()
    lines = text.splitlines() or [""]
    line = rng.randrange(len(lines))
    lines[line : line + 1] = rng.choice(
        (
            [],
            [lines[line]] * 2,
            ["[a" + ".a" * 5000 + "]"],
            [".".join(["a"] * 4000) + " = 1"],
            ["[[x]]"] * 3000,
            ["\x1b[31m"],
        )
    )
    return "\n".join(lines).encode()


CELLS = (
    *("-1", "256", "1e3", "nan", "inf", "", " ", '"', '"5"', "0x1f", "1_0", "5.0", "\x1b[31m", "\0", "9" * 5000),
    *("label", "1" * 99_999, "\u202e", "\r", "9223372036854775808", "+7", "٣", "#", "True", ",", "\n", "\n" * 3000),
)  # fmt: skip


def edit_cells(rng: random.Random, data: bytes) -> bytes:
    cells = re.split(r"([,\n])", data.decode("latin-1"))
    for _ in range(rng.choice((1, 1, 5))):
        cells[rng.randrange(len(cells))] = rng.choice(CELLS)
    encoding = rng.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"))
    return "".join(cells).encode(encoding, errors="replace")


# --- files in files


def unzipped(change: Change) -> Change:
    """The same change to what a gzip file holds; now and then it becomes a bomb, or many members."""

    def inside(rng: random.Random, data: bytes) -> bytes:
        if not data.startswith(b"\x1f\x8b"):
            return change(rng, data)
        try:
            contents = change(rng, zlib.decompress(data, 31))
        except zlib.error:
            return flip(rng, data)
        what = rng.random()
        if what < 0.05:
            contents += bytes(20_000_000)
        if what > 0.95:
            return b"".join(gzip.compress(contents[i : i + 7], mtime=0) for i in range(0, min(len(contents), 7000), 7))
        return gzip.compress(contents, 1, mtime=0)

    return inside


def edit_npy(rng: random.Random, data: bytes) -> bytes:
    """The header of an array with another shape, type, version or length; or with a pickle behind it."""
    shapes = (
        "()",
        "(3,)",
        "(-1, 4)",
        "(10000000000, 4)",
        "(9223372036854775807, 9)",
        "(0, 99999999999)",
        "(" + "1," * 70 + ")",
    )
    types = (
        "|O",
        "<M8[s]",
        "|S99",
        "<U9",
        "|V9",
        "<f8",
        ">c16",
        "|b1",
        "a5",
        "<i9",
        "",
        "|u1,",
        "|V99999999999",
        "O8",
        "p",
    )
    data = (
        re.sub(rb"'shape': \([^)]*\)", f"'shape': {rng.choice(shapes)}".encode(), data) if rng.random() < 0.5 else data
    )
    data = (
        re.sub(rb"'descr': '[^']*'", f"'descr': '{rng.choice(types)}'".encode(), data) if rng.random() < 0.5 else data
    )
    if rng.random() < 0.2:
        data = re.sub(rb"'descr': '[^']*'", rng.choice((b"'descr': [('a', 'u1')]", b"'descr': " + b"[" * 300)), data)
    header = data[10:].partition(b"\n")[0] + b"\n"
    rest = rng.choice((data[10 + len(header) :],) * 4 + (b"\x80\x04N.", b""))
    return (
        data[:6] + bytes((rng.choice((1, 1, 1, 2, 3, 9)), 0)) + struct.pack("<H", len(header) % 65536) + header + rest
    )


def edit_zip(inner: Change) -> Change:
    """A zip archive packed again with a member changed, missing, twice, under another name, or huge."""

    def inside(rng: random.Random, data: bytes) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [(member.filename, archive.read(member)) for member in archive.infolist()]
        except Exception:  # damaged before
            return flip(rng, data)
        stream = io.BytesIO()
        chosen = rng.randrange(len(members) or 1)
        method = rng.choice(
            (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
        )
        with zipfile.ZipFile(stream, "w", method) as archive:
            for position, (name, contents) in enumerate(members):
                if position == chosen:
                    what = rng.random()
                    name = rng.choice(("../" + name, "/" + name, "\x1b[31m", name, "x" * 9000)) if what < 0.2 else name
                    contents = (
                        contents + bytes(10_000_000)
                        if what > 0.95 and method == zipfile.ZIP_DEFLATED
                        else inner(rng, contents)
                    )
                archive.writestr(name, contents)
        return stream.getvalue()

    return inside


TAR_TYPES = (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE,
             tarfile.GNUTYPE_SPARSE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE, b"?")  # fmt: skip


def edit_tar(rng: random.Random, data: bytes) -> bytes:
    """The header of a member with another name, type, size or link, or a chain of headers; its sum made right again."""
    starts = [i for i in range(0, len(data) - 511, 512) if data[i + 257 : i + 262] == b"ustar"]
    if not starts:
        return flip(rng, data)
    start = rng.choice(starts)
    header = bytearray(data[start : start + 512])
    what = rng.randrange(5)
    if what == 0:
        name = rng.choice((b"../../data_batch_1.bin", b"/data_batch_1.bin", b"\x1b[31m", b"\xff" * 100, b""))
        header[:100] = name.ljust(100, b"\0")
    elif what == 1:
        header[156:157] = rng.choice(TAR_TYPES)
        header[157:257] = b"/etc/passwd".ljust(100, b"\0")
    elif what == 2:
        sizes = (
            b"77777777777\0",
            b"00000000000\0",
            b"-1".ljust(12),
            b"\x80" + b"\x7f" * 11,
            b"\xff" * 12,
            b"abc".ljust(12),
        )
        header[124:136] = rng.choice(sizes)
    elif what == 3:
        header[rng.randrange(512)] = rng.randrange(256)
    else:
        header[156:157] = rng.choice((tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE))
        header[124:136] = rng.choice((b"00000000000\0", b"00000000004\0"))
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    repeated = rng.choice((1, 1, 3, 2000)) if what == 4 else 1
    return data[:start] + bytes(header) * repeated + data[start + 512 :]


def edit_png(rng: random.Random, data: bytes) -> bytes:
    """A chunk of a PNG changed, doubled, dropped or put in, with the sum made right again; others by their bytes."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return rng.choice(BYTES)(rng, data)
    chunks, place = [], 8
    while place + 8 <= len(data):
        length = int.from_bytes(data[place : place + 4])
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    if not chunks:
        return longer(rng, data)
    chosen = rng.randrange(len(chunks))
    name, contents = chunks[chosen]
    sides = (0, 1, 41, 6000, 6300, 10**5, 2**31 - 1)
    bomb = zlib.compress(bytes(rng.choice((10**5, 3 * 10**7))))
    put_in = (
        (
            b"IHDR",
            struct.pack(
                ">2I5B", rng.choice(sides), rng.choice(sides), rng.choice((1, 8, 16)), rng.choice((0, 2, 3, 6)), 0, 0, 0
            ),
        ),
        (b"zTXt", b"a\0\0" + bomb),
        (b"iTXt", b"a\0\1\0\0\0" + bomb),
        (b"iCCP", b"a\0\0" + bomb),
        (b"tEXt", b"a\0" + b"b" * 2_000_000),
        (b"PLTE", rng.randbytes(rng.choice((0, 3, 768, 999)))),
        (b"tRNS", rng.randbytes(rng.choice((0, 1, 6, 999)))),
        (b"eXIf", b"MM\0*\0\0\0\x08" + rng.randbytes(30)),
        (b"acTL", struct.pack(">2I", rng.choice(EXTREMES) % 2**32, 0)),
        (b"IDAT", bomb),
    )
    what = rng.random()
    if what < 0.35:
        chunks[chosen] = (name, rng.choice(BYTES)(rng, contents))
    elif what < 0.45:
        chunks.insert(chosen, (name, contents))
    elif what < 0.5:
        del chunks[chosen]
    else:
        added = rng.choice(put_in)
        if added[0] in (b"IHDR", b"IDAT"):
            chunks = [added if chunk[0] == added[0] else chunk for chunk in chunks]
        else:
            chunks.insert(max(1, chosen), added)
    return data[:8] + b"".join(
        struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks
    )


CHANGES: dict[str, tuple[Change, ...]] = {
    "model": (edit_tensors,),
    "checkpoint": (edit_tensors,),
    "statedict": (edit_tensors,),
    "recipe": (edit_toml,),
    "experiment": (edit_toml,),
    "history": (edit_json_lines,),
    "evaluation": (edit_json_lines,),
    "table": (unzipped(edit_cells),),
    "kernel": (edit_json_lines,),
    "idx": tuple(map(unzipped, (flip, extreme, extreme, cut))),
    "csv": (unzipped(edit_cells),),
    "npz": (edit_zip(edit_npy), edit_zip(edit_npy), edit_zip(flip)),
    "emnist": tuple(edit_zip(unzipped(change)) for change in (flip, extreme, extreme, cut)),
    "cifar": (unzipped(edit_tar), unzipped(edit_tar), unzipped(flip)),
    "picture": (edit_png, extreme),
}
