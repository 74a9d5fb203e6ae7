// What JSON.parse keeps to itself: whether an object names a key twice.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The first key that one object of `json` repeats (after unescaping), or undefined. `json` must be valid, and its
 * outermost value an object.
 */
export function repeatedKey(json: string): string | undefined {
  // One entry an open bracket: the keys seen so far in an object, or null for an array.
  const open: (Set<string> | null)[] = [];
  let expectKey = false;
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case '{':
        open.push(new Set());
        expectKey = true;
        break;
      case '[':
        open.push(null);
        expectKey = false;
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        expectKey = open.at(-1) !== null;
        break;
      case '"': {
        const end = endOfString(json, i);
        const keys = open.at(-1);
        if (expectKey && keys) {
          const key: string = JSON.parse(json.slice(i, end));
          if (keys.has(key)) return key;
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

// The position after the closing quote of the string that opens at `begin`.
function endOfString(json: string, begin: number): number {
  let i = begin + 1;
  while (json.charCodeAt(i) !== QUOTE) i += json.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i + 1;
}
