"""Dated facts about the platform."""
