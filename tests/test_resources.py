"""What ships beside the code is there, well formed, and says where it came from."""

from __future__ import annotations

import hashlib
import itertools
import re
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from Crypto.Hash import keccak

from desktop_wallet import resources
from desktop_wallet.core.addresses import display_address, parse_address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.networks import DataFee, Family, HeightCall, NetworkId

ROOT = Path(__file__).resolve().parents[1]
CHECKOUT = ROOT / "resources"
ICONS = sorted(path.name for path in (CHECKOUT / "icons").glob("*.svg"))
TOKEN_FILES = sorted(path.name for path in (CHECKOUT / "tokens").glob("*.toml"))
DATE = re.compile(r"20\d\d-\d\d-\d\d")
MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"  # mds1/multicall3, README.md
WEIGHTS = {"Inter-Regular.ttf": 400, "Inter-Medium.ttf": 500, "Inter-SemiBold.ttf": 600}


def checksummed(address: str) -> str:
    """Return an address as ERC-55 writes it, worked out anew, not by the code that the wallet uses."""
    digits = address[2:].lower()
    digest = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    return "0x" + "".join(c.upper() if h in "89abcdef" else c for c, h in zip(digits, digest, strict=False))


def networks() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = resources.load_networks_document()["network"]
    return entries


def tokens() -> list[tuple[str, dict[str, Any]]]:
    documents = resources.load_tokens_documents()
    return [(network, token) for network, document in documents.items() for token in document["token"]]


# --- the resolver ---------------------------------------------------------------------------------------------------


def test_a_checkout_is_read_from_the_folder_beside_the_package() -> None:
    assert resources.resource_path("icons", "wallet.svg") == CHECKOUT / "icons" / "wallet.svg"
    assert "<svg" in resources.read_text("icons", "wallet.svg")
    assert resources.read_bytes("fonts", "Inter-Regular.ttf")[:4] == b"\x00\x01\x00\x00"


def test_an_installed_package_is_read_from_inside_itself_and_not_from_a_neighbour(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "desktop_wallet"
    shutil.copytree(CHECKOUT, package / "_resources")
    shutil.copytree(CHECKOUT, package.parent / "resources")
    assert resources.find_root(resources.candidate_roots(package)) == package / "_resources"


def test_a_strangers_resources_folder_is_not_taken_for_ours(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "desktop_wallet"
    (package.parent / "resources" / "icons").mkdir(parents=True)
    with pytest.raises(resources.MissingResource, match=r"networks\.toml"):
        resources.find_root(resources.candidate_roots(package))


def test_a_frozen_program_reads_only_what_it_was_frozen_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CHECKOUT, tmp_path / "resources")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources.resource_path("icons", "wallet.svg") == tmp_path / "resources" / "icons" / "wallet.svg"
    assert len(resources.load_networks_document()["network"]) == len(networks())
    (tmp_path / "resources" / "networks.toml").unlink()
    with pytest.raises(resources.MissingResource):
        resources.resource_path("icons", "wallet.svg")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(resources.MissingResource, match=r"icons/no-such\.svg"):
        resources.resource_path("icons", "no-such.svg")
    with pytest.raises(resources.MissingResource, match="icons"):
        resources.read_bytes("icons")


@pytest.mark.parametrize(
    "parts", [("..", "pyproject.toml"), ("icons", "..", "..", "LICENSE"), (str(ROOT), "pyproject.toml")]
)
def test_nothing_outside_the_folder_is_handed_out(parts: tuple[str, ...]) -> None:
    with pytest.raises(resources.MissingResource):
        resources.resource_path(*parts)


# --- icons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ICONS)
def test_an_icon_is_a_drawing_that_qt_can_paint(name: str, qapp: object) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    assert qapp is not None
    text = resources.read_text("icons", name).replace("currentColor", "#3b4fe0")
    renderer = QSvgRenderer(text.encode())
    assert renderer.isValid()
    assert renderer.viewBox().width() == renderer.viewBox().height() > 0
    image = QImage(24, 24, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    assert any(image.pixelColor(x, y).alpha() > 128 for x, y in itertools.product(range(24), range(24)))


@pytest.mark.parametrize("name", [name for name in ICONS if name != "app.svg"])
def test_an_icon_takes_its_colour_from_the_theme(name: str) -> None:
    text = resources.read_text("icons", name)
    assert 'stroke="currentColor"' in text
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|<script|<image|href", text)


def test_the_icons_keep_their_licence() -> None:
    licence = resources.read_text("icons", "LUCIDE-LICENSE.txt")
    assert "ISC License" in licence
    assert "Cole Bemis" in licence


# --- fonts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*WEIGHTS, "JetBrainsMono-Regular.ttf"])
def test_a_font_is_static_truetype(name: str) -> None:
    data = resources.read_bytes("fonts", name)
    assert data[:4] == b"\x00\x01\x00\x00"
    count = int.from_bytes(data[4:6], "big")
    tables = {data[12 + 16 * i : 16 + 16 * i] for i in range(count)}
    assert {b"glyf", b"cmap", b"name", b"OS/2"} <= tables
    assert not {b"fvar", b"gvar"} & tables


def test_qt_finds_inter_with_its_three_weights(qapp: object) -> None:
    from PySide6.QtGui import QFont, QFontDatabase, QFontInfo, QRawFont

    assert qapp is not None
    for name in WEIGHTS:
        number = QFontDatabase.addApplicationFont(str(resources.resource_path("fonts", name)))
        assert "Inter" in QFontDatabase.applicationFontFamilies(number)
    for weight in WEIGHTS.values():
        font = QFont("Inter", weight=weight)
        font.setPixelSize(13)
        assert QFontInfo(font).family() == "Inter"
        assert QFontInfo(font).exactMatch()
        assert QRawFont.fromFont(font).weight() == weight


def test_tabular_figures_are_equally_wide_when_asked_for(qapp: object) -> None:
    from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF

    assert qapp is not None
    QFontDatabase.addApplicationFont(str(resources.resource_path("fonts", "Inter-Regular.ttf")))
    font = QFont("Inter", 13)
    loose = QFontMetricsF(font)
    assert loose.horizontalAdvance("1111") != loose.horizontalAdvance("8888")
    font.setFeature(QFont.Tag("tnum"), 1)
    tabular = QFontMetricsF(font)
    widths = {round(tabular.horizontalAdvance(digit * 4), 3) for digit in "0123456789"}
    assert len(widths) == 1


def test_the_address_font_has_one_width_and_no_ligatures(qapp: object) -> None:
    from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF

    assert qapp is not None
    number = QFontDatabase.addApplicationFont(str(resources.resource_path("fonts", "JetBrainsMono-Regular.ttf")))
    assert QFontDatabase.applicationFontFamilies(number) == ["JetBrains Mono"]
    metrics = QFontMetricsF(QFont("JetBrains Mono", 13))
    assert metrics.horizontalAdvance("0xIl1O") == pytest.approx(6 * metrics.horizontalAdvance("0"))
    assert b"calt" not in resources.read_bytes("fonts", "JetBrainsMono-Regular.ttf")


@pytest.mark.parametrize("name", [*WEIGHTS, "JetBrainsMono-Regular.ttf"])
def test_a_font_can_draw_what_the_screens_write(name: str, qapp: object) -> None:
    from PySide6.QtGui import QRawFont

    assert qapp is not None
    font = QRawFont(str(resources.resource_path("fonts", name)), 13)
    wanted = "0123456789abcdefABCDEFx" if name.startswith("JetBrains") else "Az09ÄßŁőş…·–−×≈≤→€₮₿Ξ\u2009\u202f"
    assert not [c for c in wanted if not font.supportsCharacter(ord(c))]


@pytest.mark.parametrize("name", ["Inter-OFL.txt", "JetBrainsMono-OFL.txt"])
def test_the_fonts_keep_their_licence(name: str) -> None:
    text = resources.read_text("fonts", name)
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Copyright" in text.splitlines()[0]


# --- networks -------------------------------------------------------------------------------------------------------


def test_every_network_of_the_first_release_is_there() -> None:
    assert [entry["id"] for entry in networks()] == [
        "eip155:1",
        "eip155:8453",
        "eip155:42161",
        "eip155:10",
        "eip155:137",
        "eip155:11155111",
    ]


@pytest.mark.parametrize("entry", networks(), ids=lambda entry: entry["name"])
def test_a_network_is_whole(entry: dict[str, Any]) -> None:
    assert str(NetworkId.parse(entry["id"])) == entry["id"]
    assert Family(entry["family"]) is Family.EVM
    native = entry["native"]
    asset = AssetId.parse(native["asset"])
    assert str(asset.network) == entry["id"]
    assert (asset.namespace, asset.reference) == ("slip44", str(native["slip44"]))
    assert native["decimals"] == 18
    assert native["symbol"]
    assert native["name"]
    assert 0 < entry["block_time_s"] * 10 <= entry["max_head_age_s"] <= 300
    assert entry["multicall"] == MULTICALL3 == checksummed(MULTICALL3)
    assert re.fullmatch(r"0x[0-9a-f]{64}", entry["chain_hash"])
    assert entry["testnet"] is (entry["name"] == "Sepolia")
    assert urlsplit(entry["explorer"]).scheme == "https"


def test_only_arbitrum_asks_its_precompile_for_the_height() -> None:
    asked = {entry["name"] for entry in networks() if HeightCall(entry["height_call"]) is HeightCall.ARBSYS}
    assert asked == {"Arbitrum One"}


def test_the_rollups_take_something_for_the_data_of_a_transaction() -> None:
    taken = {entry["name"]: DataFee(entry["data_fee"]) for entry in networks()}
    assert {name: fee for name, fee in taken.items() if fee is not DataFee.NONE} == {
        "Base": DataFee.ORACLE,
        "OP Mainnet": DataFee.ORACLE,
        "Arbitrum One": DataFee.IN_GAS,
    }


def test_no_two_networks_share_an_id_a_name_or_a_first_block() -> None:
    for field in ("id", "name", "chain_hash"):
        values = [entry[field] for entry in networks()]
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("entry", networks(), ids=lambda entry: entry["name"])
def test_a_network_has_three_public_endpoints_of_different_operators(entry: dict[str, Any]) -> None:
    assert len(entry["endpoint"]) >= 3
    assert len({endpoint["operator"] for endpoint in entry["endpoint"]}) == len(entry["endpoint"])
    for endpoint in entry["endpoint"]:
        parts = urlsplit(endpoint["url"])
        assert parts.scheme == "https"
        assert parts.hostname
        assert not any((parts.username, parts.password, parts.query, parts.fragment))
        assert not re.search(r"[0-9a-fA-F-]{16,}", parts.path), "looks like an access key"


def test_no_endpoint_is_listed_twice() -> None:
    urls = [endpoint["url"].rstrip("/") for entry in networks() for endpoint in entry["endpoint"]]
    assert len(set(urls)) == len(urls)


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_every_network_has_a_token_list_under_its_own_name() -> None:
    assert set(resources.load_tokens_documents()) == {entry["id"] for entry in networks()}
    assert {f"{entry['id'].replace(':', '-')}.toml" for entry in networks()} == set(TOKEN_FILES)


@pytest.mark.parametrize(("network", "token"), tokens(), ids=lambda v: v if isinstance(v, str) else v["symbol"])
def test_a_token_is_whole(network: str, token: dict[str, Any]) -> None:
    assert token["address"] == checksummed(token["address"])
    assert display_address(parse_address(Family.EVM, token["address"])) == token["address"]
    asset = AssetId.parse(f"{network}/erc20:{token['address']}")
    assert str(asset.network) == network
    assert asset.reference == token["address"].lower()
    assert type(token["decimals"]) is int
    assert 0 <= token["decimals"] <= 18
    assert re.fullmatch(r"[A-Za-z0-9.]{2,11}", token["symbol"])
    assert token["name"].isprintable()
    assert token["name"] == token["name"].strip() != ""


@pytest.mark.parametrize("field", ["address", "symbol"])
def test_no_token_is_listed_twice(field: str) -> None:
    for document in resources.load_tokens_documents().values():
        values = [token[field].lower() for token in document["token"]]
        assert len(set(values)) == len(values)


def test_amounts_of_dollars_and_bitcoins_have_the_decimals_of_their_issuers() -> None:
    for _, token in tokens():
        if token["symbol"].startswith(("USDC", "USDT", "EURC", "PYUSD")):
            assert token["decimals"] == 6
        elif token["symbol"] in {"WBTC", "cbBTC"}:
            assert token["decimals"] == 8


@pytest.mark.parametrize("name", TOKEN_FILES)
def test_every_token_names_two_lists_that_its_file_describes(name: str) -> None:
    document = resources.load_tokens_documents()[name.removesuffix(".toml").replace("-", ":")]
    described = {source.split(":")[0] for source in document["sources"]}
    comments = re.findall(r"^# In ([\w-]+) and ([\w-]+)\.", resources.read_text("tokens", name), re.MULTILINE)
    assert len(comments) == resources.read_text("tokens", name).count("[[token]]")
    for first, second in comments:
        assert first != second
        assert {first, second} <= described


# --- where it all came from -----------------------------------------------------------------------------------------


def test_every_list_says_its_source_its_licence_and_when_it_was_checked() -> None:
    for document in (resources.load_networks_document(), *resources.load_tokens_documents().values()):
        assert document["format"] == 1
        assert DATE.fullmatch(document["checked"])
        assert len(document["sources"]) >= 2
        assert document["licence"].startswith("MIT")
        assert any("MIT" in source for source in document["sources"])


def test_the_readme_names_every_font_and_its_bytes() -> None:
    readme = resources.read_text("README.md")
    for path in sorted((CHECKOUT / "fonts").glob("*.ttf")):
        assert f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" in readme


# --- names for prices -----------------------------------------------------------------------------------------------


def test_a_coin_of_a_network_is_known_by_its_own_name() -> None:
    names = {entry["name"]: entry["native"].get("coingecko") for entry in networks()}
    assert names.pop("Polygon PoS") == "polygon-ecosystem-token"
    assert names.pop("Sepolia") is None
    assert set(names.values()) == {"ethereum"}


def test_nothing_on_a_test_network_has_a_name_for_prices() -> None:
    tests = {entry["id"] for entry in networks() if entry["testnet"]}
    assert tests
    assert not [token for network, token in tokens() if network in tests and "coingecko" in token]


@pytest.mark.parametrize("name", TOKEN_FILES)
def test_every_name_for_prices_says_which_lists_have_it_for_that_contract(name: str) -> None:
    document = resources.load_tokens_documents()[name.removesuffix(".toml").replace("-", ":")]
    described = {source.split(":")[0] for source in document.get("price_sources", ())}
    lines = re.findall(
        r"^coingecko = \"([a-z0-9-]+)\"  # ([\w, -]+)$", resources.read_text("tokens", name), re.MULTILINE
    )
    assert [coin for coin, _ in lines] == [token["coingecko"] for token in document["token"] if "coingecko" in token]
    named = {source for _, sources in lines for source in sources.split(", ")}
    assert named == described
    assert all(1 <= len(set(sources.split(", "))) <= 2 for _, sources in lines)


def test_coins_of_one_name_are_one_thing() -> None:
    """One id for tokens of different decimals, or of symbols that have nothing in common, would be a wrong line."""
    known: dict[str, set[tuple[str, int]]] = {}
    for _, token in tokens():
        if "coingecko" in token:
            known.setdefault(token["coingecko"], set()).add((token["symbol"], token["decimals"]))
    different = {coin: seen for coin, seen in known.items() if len(seen) > 1}
    assert different == {"tether": {("USDT", 6), ("USDT0", 6)}}


def test_a_bridged_dollar_is_not_taken_for_the_issuers_own() -> None:
    names = {(network, token["symbol"]): token.get("coingecko") for network, token in tokens()}
    bridged = {key: name for key, name in names.items() if key[1] == "USDC.e"}
    assert len(bridged) == 3
    assert len(set(bridged.values())) == 3
    assert "usd-coin" not in bridged.values()


def test_the_wallet_binds_each_name_to_its_contract() -> None:
    from desktop_wallet.services.known import known_coins

    coins = known_coins()
    usdc = AssetId.parse("eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
    assert coins[usdc] == "usd-coin"
    assert coins[AssetId.parse("eip155:137/slip44:966")] == "polygon-ecosystem-token"
    written = sum("coingecko" in token for _, token in tokens()) + sum(
        "coingecko" in entry["native"] for entry in networks()
    )
    assert len(coins) == written
