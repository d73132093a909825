"""Make the fonts that the wallet bundles: static TTF files with the characters and features it uses.

A recipe for maintainers, not part of the set-up: the results are committed under `resources/fonts`, where README.md
names the inputs. Needs `fonttools` and `brotli`. The same input and versions give the same bytes.

    python packaging/make_fonts.py inter InterVariable.woff2 resources/fonts
    python packaging/make_fonts.py mono jetbrains-mono-latin-400-normal.woff2 resources/fonts

Inter comes as a variable font (npm `inter-ui`, `variable/InterVariable.woff2`). Qt does not honour the weights of
variable fonts, so each weight becomes a font of its own. JetBrains Mono (npm `@fontsource/jetbrains-mono`,
`files/jetbrains-mono-latin-400-normal.woff2`) is static already; it loses its ligatures, which have no place in
addresses.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from fontTools.subset import Options, Subsetter  # type: ignore[import-not-found,unused-ignore]
from fontTools.ttLib import TTFont  # type: ignore[import-not-found,unused-ignore]
from fontTools.varLib.instancer import instantiateVariableFont  # type: ignore[import-not-found,unused-ignore]

_CHARACTERS = (
    range(0x0020, 0x007F),  # Basic Latin
    range(0x00A0, 0x0180),  # Latin-1, Latin Extended-A
    range(0x02C6, 0x02DE),  # spacing accents
    range(0x0300, 0x0313),  # combining accents, so that decomposed names look right
    (0x0326, 0x0327, 0x0328),  # comma below, cedilla, ogonek
    (0x0394, 0x039E, 0x03A3, 0x03A9, 0x03BC, 0x03C0),  # Δ, Ξ (an older sign for ether), Σ, Ω, μ, π
    range(0x2000, 0x2028),  # spaces, dashes, quotes, bullets, ellipsis
    range(0x202F, 0x2060),  # narrow space, per mille, primes, angle quotes
    range(0x2070, 0x209D),  # superscripts and subscripts
    range(0x20A0, 0x20D0),  # currencies
    (0x2116, 0x2122, 0x2126, 0x2212, 0xFFFD),  # №, ™, Ω, −, the sign for what cannot be shown
    range(0x2190, 0x2200),  # arrows
    range(0x2200, 0x2300),  # mathematical signs
    (0x25CF, 0x25CB, 0x25A0, 0x25B2, 0x25BC, 0x2713),  # shapes and marks in running text
)
_INTER_FEATURES = (
    *("ccmp", "locl", "mark", "mkmk", "kern", "calt", "case"),
    *("tnum", "pnum", "zero", "ss01", "ss02", "ss03", "ss04"),
)
_MONO_FEATURES = ("ccmp", "locl", "mark")

_FAMILY, _STYLE, _UNIQUE, _FULL, _POSTSCRIPT, _VARIATIONS = 1, 2, 3, 4, 6, 25
_TYPOGRAPHIC_FAMILY, _TYPOGRAPHIC_STYLE = 16, 17
_KEPT_NAMES = (0, 5, 7, 8, 9, 11, 12, 13, 14)  # copyright, version, trademark, makers and licence stay as they were
_REGULAR_BIT = 1 << 6


@dataclass(frozen=True, slots=True)
class Face:
    """One font file to be made. `weight` is the OS/2 weight class, 1 to 1000."""

    family: str
    style: str
    weight: int

    @property
    def file_name(self) -> str:
        """Return the name of the file."""
        return f"{self.family.replace(' ', '')}-{self.style}.ttf"


INTER = (Face("Inter", "Regular", 400), Face("Inter", "Medium", 500), Face("Inter", "SemiBold", 600))
MONO = (Face("JetBrains Mono", "Regular", 400),)


def rename(font: TTFont, face: Face) -> None:
    """Change the name table so that every system groups the faces under one family.

    Old systems know four styles a family, so Medium and SemiBold are families of their own for them (names 1 and 2)
    and say where they belong in names 16 and 17 (OpenType specification, `name`).
    """
    table = font["name"]
    kept = [record for record in table.names if record.nameID in _KEPT_NAMES and record.platformID == 3]
    table.names = kept
    version = str(table.getDebugName(5)).removeprefix("Version ")
    plain = face.style == "Regular"
    names = {
        _FAMILY: face.family if plain else f"{face.family} {face.style}",
        _STYLE: "Regular",
        _UNIQUE: f"{version};{face.file_name}",
        _FULL: f"{face.family} {face.style}",
        _POSTSCRIPT: face.file_name.removesuffix(".ttf"),
    }
    if not plain:
        names |= {_TYPOGRAPHIC_FAMILY: face.family, _TYPOGRAPHIC_STYLE: face.style}
    for name_id, text in names.items():
        table.setName(text, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = face.weight
    font["OS/2"].fsSelection = (font["OS/2"].fsSelection & ~0b100001) | _REGULAR_BIT
    font["head"].macStyle = 0
    if "STAT" in font:
        del font["STAT"]


def reduce(font: TTFont, features: tuple[str, ...]) -> None:
    """Change the font to hold only our characters and `features`."""
    options = Options()
    options.layout_features = list(features)
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.glyph_names = False
    options.hinting = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for block in _CHARACTERS for code in block])
    subsetter.subset(font)


def make(source: Path, face: Face, features: tuple[str, ...]) -> TTFont:
    """Return one static font made from `source` (WOFF2, TTF or OTF; variable or not)."""
    font = TTFont(source, recalcTimestamp=False)
    if "fvar" in font:
        limits = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}
        limits["wght"] = face.weight
        font = instantiateVariableFont(font, limits, inplace=True)
    font.flavor = None
    reduce(font, features)
    rename(font, face)
    return font


def main(arguments: list[str]) -> int:
    """Return 0 after writing the fonts; prints the SHA-256 of what was read and written, for README.md."""
    parser = argparse.ArgumentParser(description="Make the fonts that the wallet bundles.")
    parser.add_argument("which", choices=("inter", "mono"))
    parser.add_argument("source", type=Path, help="the font as published, WOFF2, TTF or OTF")
    parser.add_argument("folder", type=Path, help="where the fonts go")
    options = parser.parse_args(arguments)
    faces, features = (INTER, _INTER_FEATURES) if options.which == "inter" else (MONO, _MONO_FEATURES)
    print(f"{hashlib.sha256(options.source.read_bytes()).hexdigest()}  {options.source.name}")
    for face in faces:
        target = options.folder / face.file_name
        make(options.source, face, features).save(target)
        print(f"{hashlib.sha256(target.read_bytes()).hexdigest()}  {target.name}  {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
