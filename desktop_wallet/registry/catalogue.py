"""What the person chose and added: networks, servers, tokens; and what was measured of networks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.errors import RegistryDamaged
from desktop_wallet.core.networks import DataFee, Endpoint, Family, HeightCall, Network, NetworkId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.instants import Instant
    from desktop_wallet.registry.database import Connection, Database


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What was learnt of a network: the chain's first-seen hash, and the measured seconds between blocks."""

    chain_hash: str | None = None
    block_time_s: float | None = None


@dataclass(frozen=True, slots=True)
class StoredCatalogue:
    """All of it at one point in time. `chosen` is None until the person has chosen networks once (requirement P8)."""

    chosen: tuple[NetworkId, ...] | None
    added_networks: tuple[Network, ...]
    endpoints: dict[NetworkId, tuple[Endpoint, ...]]
    tokens: tuple[Asset, ...]
    hidden_tokens: frozenset[AssetId]
    facts: dict[NetworkId, NetworkFacts]


class CatalogueRows:
    """Reads and writes the catalogue's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_catalogue(self) -> StoredCatalogue:
        """Return what is stored; RegistryDamaged if a row is not of the form we wrote."""

        def work(connection: Connection) -> dict[str, list[Any]]:
            statements = {
                "chose": "SELECT chose_networks FROM identity",
                "chosen": "SELECT network FROM chosen_networks ORDER BY place",
                "added": "SELECT json FROM added_networks ORDER BY network",
                "endpoints": """SELECT network, url, operator, added_by_hand FROM chosen_endpoints
                                ORDER BY network, place""",
                "tokens": "SELECT asset, symbol, name, decimals, origin FROM tokens ORDER BY asset",
                "hidden": "SELECT asset FROM hidden_tokens",
                "facts": "SELECT network, chain_hash, block_time_s FROM network_facts",
            }
            return {name: connection.execute(statement).fetchall() for name, statement in statements.items()}

        rows = await self._database.read(work)
        try:
            endpoints: dict[NetworkId, list[Endpoint]] = {}
            for network, url, operator, added_by_hand in rows["endpoints"]:
                chosen = Endpoint(url, operator, bool(added_by_hand))
                endpoints.setdefault(NetworkId.parse(network), []).append(chosen)
            return StoredCatalogue(
                tuple(NetworkId.parse(network) for (network,) in rows["chosen"]) if rows["chose"][0][0] else None,
                tuple(_network(text) for (text,) in rows["added"]),
                {network: tuple(list_) for network, list_ in endpoints.items()},
                tuple(
                    Asset(AssetId.parse(asset), symbol, name, decimals, AssetOrigin(origin))
                    for asset, symbol, name, decimals, origin in rows["tokens"]
                ),
                frozenset(AssetId.parse(asset) for (asset,) in rows["hidden"]),
                {
                    NetworkId.parse(network): NetworkFacts(chain_hash, block_time_s)
                    for network, chain_hash, block_time_s in rows["facts"]
                },
            )
        except (ValueError, TypeError, KeyError) as error:
            raise RegistryDamaged(problem="catalogue") from error

    async def choose_networks(self, networks: Sequence[NetworkId]) -> None:
        """Store which networks are in use, in that order; none is a choice too."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM chosen_networks")
            connection.executemany(
                "INSERT INTO chosen_networks VALUES (?, ?)",
                [(str(network), place) for place, network in enumerate(dict.fromkeys(networks))],
            )
            connection.execute("UPDATE identity SET chose_networks = 1")

        await self._database.write(work)

    async def choose_endpoints(self, network: NetworkId, endpoints: Sequence[Endpoint]) -> None:
        """Store which servers a network uses, in that order; none means those it comes with."""
        chosen = {endpoint.url: endpoint for endpoint in endpoints}

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM chosen_endpoints WHERE network = ?", (str(network),))
            connection.executemany(
                "INSERT INTO chosen_endpoints VALUES (?, ?, ?, ?, ?)",
                [
                    (str(network), endpoint.url, endpoint.operator, endpoint.added_by_hand, place)
                    for place, endpoint in enumerate(chosen.values())
                ],
            )

        await self._database.write(work)

    async def add_network(self, network: Network) -> None:
        """Store a network that the person added, over an earlier one of the same id."""
        text = json.dumps(
            {
                **asdict(network),
                "id": str(network.id),
                "family": network.family.value,
                "height_call": network.height_call.value,
                "data_fee": network.data_fee.value,
            }
        )
        await self._change("INSERT OR REPLACE INTO added_networks VALUES (?, ?)", (str(network.id), text))

    async def remove_network(self, network: NetworkId) -> None:
        """Forget a network that the person added: its servers, its facts and that it was chosen."""

        def work(connection: Connection) -> None:
            # Table names are ours, not input.
            for table in ("added_networks", "chosen_networks", "chosen_endpoints", "network_facts"):
                connection.execute(f"DELETE FROM {table} WHERE network = ?", (str(network),))  # noqa: S608

        await self._database.write(work)

    async def add_token(self, asset: Asset) -> None:
        """Store a token that is in no list (or was found), over an earlier one; it is shown again if it was hidden."""
        row = (str(asset.id), asset.symbol, asset.name, asset.decimals, asset.origin.value)

        def work(connection: Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?)", row)
            connection.execute("DELETE FROM hidden_tokens WHERE asset = ?", (str(asset.id),))

        await self._database.write(work)

    async def remove_token(self, asset: AssetId) -> None:
        """Forget a token that was added by hand; hide it in case that a list has it."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM tokens WHERE asset = ?", (str(asset),))
            connection.execute("INSERT OR IGNORE INTO hidden_tokens VALUES (?)", (str(asset),))

        await self._database.write(work)

    async def set_token_hidden(self, asset: AssetId, *, hidden: bool) -> None:
        """Take a token out of sight, or back."""
        statement = (
            "INSERT OR IGNORE INTO hidden_tokens VALUES (?)" if hidden else "DELETE FROM hidden_tokens WHERE asset = ?"
        )
        await self._change(statement, (str(asset),))

    async def note_network_facts(self, network: NetworkId, facts: NetworkFacts, at: Instant) -> None:
        """Store what was learnt of a network; None leaves what is known."""
        await self._change(
            """INSERT INTO network_facts VALUES (?, ?, ?, ?) ON CONFLICT (network) DO UPDATE SET
               chain_hash = coalesce(excluded.chain_hash, chain_hash),
               block_time_s = coalesce(excluded.block_time_s, block_time_s), noted_at_s = excluded.noted_at_s""",
            (str(network), facts.chain_hash, facts.block_time_s, at.wall_s),
        )

    async def _change(self, statement: str, values: tuple[object, ...]) -> None:
        def work(connection: Connection) -> None:
            connection.execute(statement, values)

        await self._database.write(work)


def _network(text: str) -> Network:
    fields = json.loads(text)
    fields["id"] = NetworkId.parse(fields["id"])
    fields["family"] = Family(fields["family"])
    fields["height_call"] = HeightCall(fields["height_call"])
    # Networks that were added before there was such a thing have none.
    fields["data_fee"] = DataFee(fields.get("data_fee", DataFee.NONE.value))
    fields["endpoints"] = tuple(Endpoint(**endpoint) for endpoint in fields["endpoints"])
    return Network(**fields)
