// Detects duplicate member names in JSON.

/**
 * Finds a member name that occurs twice in one object. `JSON.parse` silently takes the last one.
 *
 * @param json valid JSON
 * @returns the first duplicate name; undefined if there is none
 */
export function repeatedName(json: string): string | undefined {
  /** The names of every open object; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const names = namesWithin(open, token);
    if (token.startsWith('"') && isName) {
      const name: string = JSON.parse(token);
      if (names?.has(name)) return name;
      names?.add(name);
    }
    // A name follows the beginning of an object, or a comma in one.
    isName = names !== undefined && (token === '{' || token === ',');
  }
  return undefined;
}

/** Updates the stack of open objects, and returns the names of the innermost one. */
function namesWithin(open: (Set<string> | undefined)[], token: string): Set<string> | undefined {
  if (token === '{') open.push(new Set());
  else if (token === '[') open.push(undefined);
  else if (token === '}' || token === ']') open.pop();
  return open.at(-1);
}
