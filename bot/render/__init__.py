"""Message → markup: the only place that makes any. One module a markup."""
