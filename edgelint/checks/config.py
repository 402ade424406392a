"""config/: the family, in parts by what the rules look at."""

from edgelint.checks import config_bindings, config_environments, config_keys, config_values

__all__ = ["config_bindings", "config_environments", "config_keys", "config_values"]
