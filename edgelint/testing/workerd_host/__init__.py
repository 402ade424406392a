"""JavaScript and TypeScript Workers in the real workerd, with the same bindings behind them as Python ones."""
