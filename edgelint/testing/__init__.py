"""The testing half: a Workers app runs under pytest against fake bindings. ``plugin`` is what pytest loads."""
