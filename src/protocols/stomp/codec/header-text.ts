// Escaping of STOMP headers.

/** Versions of STOMP. */
export type Version = '1.0' | '1.1' | '1.2';

const codes: Readonly<Record<string, string>> = { n: '\n', c: ':', '\\': '\\', r: '\r' };

/** Unescapes a header name or value. Invalid escapes are left unchanged. */
export function unescapeHeader(text: string, version: Version): string {
  if (version === '1.0' || !text.includes('\\')) return text;
  const escapes = version === '1.1' ? /\\([nc\\])/g : /\\([nc\\r])/g;
  return text.replace(escapes, (_, code: string) => codes[code] ?? '');
}

const special = /[\\\n:\r\0]/g;
const hasSpecial = /[\\\n:\r\0]/;

/**
 * Escapes a name or value as in STOMP 1.2, which is also the stored form. A null byte, which ends a
 * frame and has no escape, becomes a space.
 */
export function escapeHeader(text: string): string {
  if (!hasSpecial.test(text)) return text;
  return text.replace(special, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    if (character === '\0') return ' ';
    return character === ':' ? '\\c' : '\\\\';
  });
}

/** The inverse of {@link escapeHeader}. */
export function unescapeStored(text: string): string {
  return unescapeHeader(text, '1.2');
}

/**
 * Returns a name or value in the form that a version allows. STOMP 1.0 has no escapes, and 1.1 has
 * none for a carriage return: a line end becomes a space, and in 1.0 a colon in a name, and spaces
 * around it, become underscores. A null byte becomes a space in all versions.
 */
export function headerFor(text: string, version: Version, isName: boolean): string {
  if (version === '1.2') return escapeHeader(text);
  const oneLine = text.replaceAll('\r', ' ');
  if (version === '1.1') return escapeHeader(oneLine);
  const plain = oneLine.replaceAll('\n', ' ').replaceAll('\0', ' ');
  return isName ? marginless(plain.replaceAll(':', '_')) : plain;
}

/** Readers of STOMP 1.0 trim names, so that a name with spaces around it would become another one. */
function marginless(name: string): string {
  const core = name.trim();
  if (core.length === name.length) return name;
  const before = name.length - name.trimStart().length;
  return '_'.repeat(before) + core + '_'.repeat(name.length - before - core.length);
}
