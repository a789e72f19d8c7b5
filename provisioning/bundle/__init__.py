"""Model versions and releases on their way between boxes: one signed file, `.aibox`.

An uncompressed POSIX tar: `bundle.json` lists every file with its digest, `bundle.sig` signs
exactly those bytes, then the files follow in that order. Nothing else can be in it.

Imports nothing here: who asks for the origin of a version does not need the importer.
"""
