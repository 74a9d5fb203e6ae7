// The systems that the package brings a binary for, and how zig cross-compiles to each of them.

/**
 * `zig` is what zig calls the target, with the oldest system that the binary runs on: glibc 2.28 (which Node itself needs), macOS
 * 11, Windows 10. Linux's binaries run on musl as well: cross-build.mjs leaves nothing in them that only glibc has. `kernels` names a
 * compiler for the kernels that stands in for zig's, where it runs on this machine: g++'s small products are faster than clang's on
 * x86-64, and kernels hold no code of a system.
 * @typedef {{ platform: NodeJS.Platform, arch: string, zig: string, system: string, kernels?: string, levels?: string }} Target
 */

/** @type {Readonly<Record<string, Target>>} */
export const targets = {
  'linux-x64': { platform: 'linux', arch: 'x64', zig: 'x86_64-linux-gnu.2.28', system: 'Linux', kernels: 'g++' },
  'linux-arm64': { platform: 'linux', arch: 'arm64', zig: 'aarch64-linux-gnu.2.28', system: 'Linux' },
  // Two lines of Macs had AVX-512, and macOS hides it until a program asks for it in a way of its own.
  'darwin-x64': { platform: 'darwin', arch: 'x64', zig: 'x86_64-macos.11.0', system: 'Darwin', levels: 'sse2,avx2' },
  'darwin-arm64': { platform: 'darwin', arch: 'arm64', zig: 'aarch64-macos.11.0', system: 'Darwin' },
  'win32-x64': { platform: 'win32', arch: 'x64', zig: 'x86_64-windows-gnu', system: 'Windows' },
};

/**
 * The place of a target's binary in the package, where lib/installation.ts looks for it.
 * @param {Target} target
 */
export function prebuiltFile({ platform, arch }) {
  return `prebuilds/${platform}-${arch}/anneal.node`;
}
