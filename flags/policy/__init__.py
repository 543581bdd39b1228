"""Rules about flags that need no database: pure functions over plain values."""
