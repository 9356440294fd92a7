"""Keys that everybody has: those of the development trust list in `keys/`, by SHA-256 of the SubjectPublicKeyInfo."""

PUBLIC_TEST_KEYS = frozenset(
    bytes.fromhex(text)
    for text in (
        "10633babb1d867fc02edba70769d522d5757f3d32c4f6064a4b64e0119451857",
        "17c4e5978cca9b010448c5c177305e8d0af2269caaede82bc5e126806b42bb12",
        "28dcfa901e3c9305eb5ff40fe295364c3da7f2826bff9292c38c8edcce82a179",
        "30bad080625535f8645f01909eff1edd9762f9ff8ac77c3fecaf52ddb49aba3f",
        "5e487764afdf5f2776a69ddf3546abca09bf7c5d517aeb0964b36908df964a0e",
        "7ae93552d0bb762d972a36d4aeb64202ec52b9d5ee6fe688245377938988d0a9",
        "dcc39dca729cb62e332be0c9f6d9a6917df8252a6ae4c41d91fc794d0d25cf90",
        "f9d2252246061aedb9568f655ce80f0f9f414b6a7d7ee4e071358714c4175fc0",
    )
)
"""The private halves follow from seeds in the tests; a test compares these ids with the list."""
