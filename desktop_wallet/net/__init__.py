"""The only user of httpx: client, JSON-RPC, endpoint pool."""
