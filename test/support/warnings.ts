// Collects the warnings that the package emits.

/** A warning as it was emitted. */
export interface Told {
  code: string;
  message: string;
}

/** Calls `fn`, awaits its result, and returns the warnings of type AnnealWarning emitted meanwhile, which are not printed. */
export async function warningsOf(fn: () => unknown): Promise<Told[]> {
  const told: Told[] = [];
  const emit = process.emitWarning;
  process.emitWarning = ((message: string, options: { type?: string; code?: string }) => {
    if (options?.type === 'AnnealWarning') told.push({ code: options.code ?? '', message });
    else emit.call(process, message, options as NodeJS.EmitWarningOptions);
  }) as typeof process.emitWarning;
  try {
    await fn();
  } finally {
    process.emitWarning = emit;
  }
  return told;
}
