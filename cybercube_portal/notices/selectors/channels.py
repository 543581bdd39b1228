"""Chats: one, locked, or many."""
