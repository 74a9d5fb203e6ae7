"""What binaries are made of, as JSON: architecture, what they export, what they need, how they are hardened.

python3 binaries.py FILE... (with LIEF, PyPI's `lief`)
"""

import json
import re
import sys

import lief

lief.logging.disable()  # what it tells of a binary without this or that would stand among the facts


def arm64(binary):
    return str(binary.header.machine_type).endswith("AARCH64")


def elf(binary):
    entries = {entry.tag: entry for entry in binary.dynamic_entries}
    flags = lief.ELF.DynamicEntry.TAG
    versions = [name for need in binary.symbols_version_requirement for name in (aux.name for aux in need.get_auxiliary_symbols())]
    glibc = [tuple(map(int, name[6:].split("."))) for name in versions if re.fullmatch(r"GLIBC_[\d.]+", name)]
    now = flags.FLAGS in entries and bool(entries[flags.FLAGS].value & 8)
    now = now or flags.FLAGS_1 in entries and bool(entries[flags.FLAGS_1].value & 1)
    return {
        "format": "ELF",
        "arch": str(binary.header.machine_type).split(".")[-1],
        "exports": sorted({symbol.name for symbol in binary.exported_symbols}),
        "needs": list(binary.libraries),
        "glibc": ".".join(map(str, max(glibc))) if glibc else None,
        "relro": any(segment.type == lief.ELF.Segment.TYPE.GNU_RELRO for segment in binary.segments) and now,
        # For arm64 zig links a __stack_chk_fail of its own, which a stripped binary does not name.
        "stackProtector": None if arm64(binary) else any(symbol.name == "__stack_chk_fail" for symbol in binary.imported_symbols),
        "stripped": len(list(binary.symtab_symbols)) == 0,
        "stays": flags.FLAGS_1 in entries and bool(entries[flags.FLAGS_1].value & 8),
    }


def pe(binary):
    directory = binary.get_export()
    return {
        "format": "PE",
        "arch": str(binary.header.machine).split(".")[-1],
        "exports": [entry.name for entry in directory.entries] if directory else [],
        "needs": [imported.name for imported in binary.imports],
        "stripped": binary.header.numberof_symbols == 0,
    }


# zig's linker for macOS exports these whatever it is told: C++'s operators new and delete, and marks of its own.
LINKED = re.compile(r"_Z(n[aw]|d[al]).*|_mh_dylib_header|__dso_handle")


def macho(binary):
    minimum = binary.build_version.minos if binary.build_version else binary.version_min.version
    undefined = [symbol.name for symbol in binary.imported_symbols]
    return {
        "format": "Mach-O",
        "arch": str(binary.header.cpu_type).split(".")[-1],
        "exports": [name for name in (symbol.name.removeprefix("_") for symbol in binary.exported_symbols) if not LINKED.fullmatch(name)],
        # With the name of the binary itself, unless that is no path of the machine that built it.
        "needs": [library.name for library in binary.libraries if library.name != "@rpath/anneal.node"],
        "system": ".".join(map(str, minimum)),
        "nodeApi": sum(name.startswith("_napi_") for name in undefined),
        "stackProtector": "___stack_chk_fail" in undefined,
        # Only arm64's must be.
        "signed": binary.code_signature is not None if binary.header.cpu_type == lief.MachO.Header.CPU_TYPE.ARM64 else None,
    }


def facts(path):
    binary = lief.parse(path)
    if isinstance(binary, lief.ELF.Binary):
        return elf(binary)
    return pe(binary) if isinstance(binary, lief.PE.Binary) else macho(binary)


print(json.dumps({path: facts(path) for path in sys.argv[1:]}, indent=1))
