// Warnings: for what is allowed and yet most likely a mistake. Each is told once per thread, as Node's own are.

const told = new Set<string>();

/** Emits a warning of Node's, of type `AnnealWarning` and with a `code`, unless the same one has been told. */
export function warnOnce(code: string, message: string): void {
  if (told.has(message)) return;
  told.add(message);
  process.emitWarning(message, { type: 'AnnealWarning', code });
}
