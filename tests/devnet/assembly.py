"""A very small EVM assembler, so that these tests need no compiler."""

OPCODES = {
    "stop": 0x00, "add": 0x01, "sub": 0x03, "eq": 0x14, "iszero": 0x15, "shr": 0x1C, "address": 0x30,
    "calldataload": 0x35, "calldatasize": 0x36, "calldatacopy": 0x37, "codecopy": 0x39, "timestamp": 0x42,
    "number": 0x43, "mstore": 0x52, "sload": 0x54, "sstore": 0x55, "jump": 0x56, "jumpi": 0x57, "gas": 0x5A,
    "dup1": 0x80, "log2": 0xA2, "call": 0xF1, "return": 0xF3, "revert": 0xFD,
}  # fmt: skip

PUSH1 = 0x60
PUSH2 = 0x61
JUMPDEST = 0x5B


def assemble(source: str) -> bytes:
    """Bytecode of `source`: words separated by space, `name:` for a jump target, `@name` to push it, numbers pushed."""
    code = bytearray()
    targets: dict[str, int] = {}
    uses: list[tuple[int, str]] = []
    for word in " ".join(line.partition(";")[0] for line in source.splitlines()).split():
        if word.endswith(":"):
            targets[word[:-1]] = len(code)
            code.append(JUMPDEST)
        elif word.startswith("@"):
            uses.append((len(code) + 1, word[1:]))
            code += bytes([PUSH2, 0, 0])
        elif word in OPCODES:
            code.append(OPCODES[word])
        else:
            value = int(word, 0)
            pushed = value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")
            code += bytes([PUSH1 + len(pushed) - 1]) + pushed
    for place, name in uses:
        code[place : place + 2] = targets[name].to_bytes(2, "big")
    return bytes(code)


def deployment(runtime: bytes) -> bytes:
    """Initcode that makes a contract with this code."""
    length = len(assemble(f"{len(runtime)} dup1 1 0 codecopy 0 return"))
    return assemble(f"{len(runtime)} dup1 {length} 0 codecopy 0 return") + runtime
