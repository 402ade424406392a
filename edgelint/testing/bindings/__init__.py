"""The fake bindings: plain Python state machines behind one gate. They know no JavaScript and no protocol."""
