#!/usr/bin/env python3
"""Packs OpenAI's published vocabulary `cl100k_base.tiktoken` into the table that Lockgate embeds.

    tools/cl100k.py cl100k_base.tiktoken > crates/dialects/src/cl100k.bin

The file is found by its name at openaipublic.blob.core.windows.net/encodings, and in packages that bring it along. The table
holds the length of each token in a byte, in the order of their ids, and behind that all tokens one after the other.
"""

import base64
import hashlib
import sys

SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"


def main(path):
    with open(path, "rb") as file:
        text = file.read()
    if hashlib.sha256(text).hexdigest() != SHA256:
        sys.exit(f"{path} is not cl100k_base as OpenAI publishes it")
    tokens = []
    for line in text.splitlines():
        token, number = line.split()
        if int(number) != len(tokens):
            sys.exit(f"{path} leaves out token {len(tokens)}")
        tokens.append(base64.b64decode(token))
    sys.stdout.buffer.write(bytes(map(len, tokens)) + b"".join(tokens))


if __name__ == "__main__":
    main(*sys.argv[1:])
