"""The budget feed: what enforcers read before they let a call through."""
