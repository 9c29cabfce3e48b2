/** Versions of STOMP. */
export type Version = '1.0' | '1.1' | '1.2';

const codes: Readonly<Record<string, string>> = { n: '\n', c: ':', '\\': '\\', r: '\r' };

/** What a client wrote of a header's name or value; what is no escape stays as it is. */
export function unescapeHeader(text: string, version: Version): string {
  if (version === '1.0' || !text.includes('\\')) return text;
  const escapes = version === '1.1' ? /\\([nc\\])/g : /\\([nc\\r])/g;
  return text.replace(escapes, (_, code: string) => codes[code] ?? '');
}

const special = /[\\\n:\r]/g;

/** A name or a value as STOMP 1.2 writes it, which is how heads of messages are stored. */
export function escapeHeader(text: string): string {
  return text.replace(special, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    return character === ':' ? '\\c' : '\\\\';
  });
}

/** The inverse of {@link escapeHeader}. */
export function unescapeStored(text: string): string {
  return unescapeHeader(text, '1.2');
}

/**
 * A name or value as a version can have it. STOMP 1.0 has no escapes, and 1.1 none for a carriage return:
 * what would end the line becomes a space, and a colon in a name of 1.0 an underscore.
 */
export function headerFor(text: string, version: Version, isName: boolean): string {
  if (version === '1.2') return escapeHeader(text);
  const oneLine = text.replaceAll('\r', ' ');
  if (version === '1.1') return escapeHeader(oneLine);
  const plain = oneLine.replaceAll('\n', ' ');
  return isName ? plain.replaceAll(':', '_') : plain;
}
