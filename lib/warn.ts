// Warnings: for what is allowed and yet most likely a mistake.

const told = new Set<string>();

/** Emits a warning of Node's, of type `AnnealWarning` and with a `code`. */
export function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'AnnealWarning', code });
}

/** As {@link warn}, but the same message only once per thread. */
export function warnOnce(code: string, message: string): void {
  if (told.has(message)) return;
  told.add(message);
  warn(code, message);
}
