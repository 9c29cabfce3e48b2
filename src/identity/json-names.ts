/**
 * Finds a name that an object has twice. `JSON.parse` takes the last of such members in silence.
 *
 * @param json valid JSON
 * @returns the first name found, or undefined where there is none
 */
export function repeatedName(json: string): string | undefined {
  /** The names of every object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const names = namesWithin(open, token);
    if (token.startsWith('"') && isName) {
      const name: string = JSON.parse(token);
      if (names?.has(name)) return name;
      names?.add(name);
    }
    // A name follows the beginning of an object, and a comma in one.
    isName = names !== undefined && (token === '{' || token === ',');
  }
  return undefined;
}

/** Opens or closes what the token does; the names of the object that stands after it. */
function namesWithin(open: (Set<string> | undefined)[], token: string): Set<string> | undefined {
  if (token === '{') open.push(new Set());
  else if (token === '[') open.push(undefined);
  else if (token === '}' || token === ']') open.pop();
  return open.at(-1);
}
