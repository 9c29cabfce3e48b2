// Distinguished names.

/** Maximum number of parts of a name that are read. */
const partCountMax = 100;

/**
 * Returns the values of the parts of a distinguished name (RFC 4514), first part first: `cn=a\,b,ou=c`
 * has the values `a,b` and `c`. Of a part with several values, the first is returned.
 *
 * @returns undefined if the text is not a distinguished name of up to 100 parts
 */
export function namePartsOf(name: string): string[] | undefined {
  const values: string[] = [];
  let rest = name;
  while (rest !== '') {
    const part = /^\s*[\w.-]+\s*=((?:[^\\,]|\\.)*)(?:,|$)/s.exec(rest);
    if (part === null || values.length === partCountMax) return undefined;
    // A `+` separates the values of a part.
    const first = /^(?:[^\\+]|\\.)*/s.exec(part[1] ?? '')?.[0] ?? '';
    const value = unescaped(first.trim());
    if (value === undefined) return undefined;
    values.push(value);
    rest = rest.slice(part[0].length);
  }
  return values.length === 0 ? undefined : values;
}

/** Replaces `\` with two hexadecimal digits by a byte of UTF-8, and `\` with a character by it. */
function unescaped(text: string): string | undefined {
  const escapes = /((?:\\[0-9A-Fa-f]{2})+)|\\(.)/gs;
  let isValid = true;
  const value = text.replaceAll(escapes, (_, bytes: string | undefined, character: string) => {
    if (bytes === undefined) return character;
    const decoded = Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString();
    isValid &&= !decoded.includes('\ufffd');
    return decoded;
  });
  return isValid ? value : undefined;
}

/** Escapes a text so that it is one value in a distinguished name (RFC 4514, 2.4). */
export function nameValue(text: string): string {
  const escaped = text
    .replaceAll(/[\\,+"<>;=]/g, String.raw`\$&`)
    .replaceAll('\0', String.raw`\00`);
  return escaped.replace(/^[ #]/, String.raw`\$&`).replace(/ $/, String.raw`\ `);
}
