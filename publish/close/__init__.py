"""Month close: the finance pack of a month, written once, proven for ever."""
