"""A small world for each source, for the laws of ``test_sources_contract``.

A module has the source's name and a function ``build(folder, *, damaged)`` that returns a ``source_help.Case``. The
damaged world is the same but for one record that cannot be understood, which in the good world has a key of its own.
``folder`` is empty and the case's own.
"""
