"""What was read before: balances in memory, and sealed pages of them on disk. The only user of diskcache."""
