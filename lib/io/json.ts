// What JSON.parse keeps to itself or takes too long to find: keys that an object repeats, deep nesting, long lists.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The largest JSON that is read. */
export interface JsonLimits {
  depth: number;
  /** Entries of a list. */
  entries: number;
}

/**
 * What speaks against parsing `json`, in words: nesting or lists beyond the limits, or a key that one object repeats (after
 * unescaping). It stops at the first such place. Undefined where there is none, and where `json` is no JSON, which JSON.parse
 * then says.
 */
export function findFault(json: string, limits: JsonLimits): string | undefined {
  // One entry per open bracket: the keys seen so far in an object (none in a list), and how many commas.
  const open: { keys: Set<string> | undefined; commas: number }[] = [];
  let expectKey = false;
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case '{':
      case '[':
        if (open.length >= limits.depth) return `it is nested deeper than ${limits.depth} levels`;
        expectKey = json[i] === '{';
        open.push({ keys: expectKey ? new Set() : undefined, commas: 0 });
        break;
      case '}':
      case ']':
        open.pop();
        expectKey = false;
        break;
      case ',': {
        const inner = open.at(-1);
        expectKey = inner?.keys !== undefined;
        if (inner === undefined || expectKey) break;
        if (++inner.commas >= limits.entries) return `it has a list of more than ${limits.entries} entries`;
        break;
      }
      case '"': {
        const end = endOfString(json, i);
        const keys = open.at(-1)?.keys;
        if (expectKey && keys !== undefined) {
          const key = unescaped(json.slice(i, end));
          if (key === undefined) return undefined;
          if (keys.has(key)) return `key ${JSON.stringify(key)} appears twice`;
          keys.add(key);
          expectKey = false;
        }
        i = end - 1;
        break;
      }
    }
  }
  return undefined;
}

function unescaped(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

// The position after the closing quote of the string that opens at `begin`, or the end.
function endOfString(json: string, begin: number): number {
  let i = begin + 1;
  while (i < json.length && json.charCodeAt(i) !== QUOTE) i += json.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i + 1;
}
