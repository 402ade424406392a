"""The Web platform's classes as the Workers runtime has them, in plain Python.

Every class derives from ``base.WebObject`` and speaks JavaScript's names: public attributes are what an app sees, those
with an underscore are for the classes among themselves. Values are plain: None is null, UNDEFINED undefined, bytes a
buffer, a list an array, a dict a plain object, a coroutine a promise; errors are EdgeError. ``exposed.py`` puts the
foreign-function layer of the Python host around them, so that nothing here knows of it.
"""
