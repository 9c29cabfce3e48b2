// PKCS#11 URIs, which name a key on a token.

import { ServerError } from '../../errors.ts';

/** A key on a PKCS#11 token. */
export interface Pkcs11Key {
  /** The library of the token's maker, an absolute path. */
  readonly modulePath: string;
  /** The file with the PIN, an absolute path. */
  readonly pinFile: string;
  /** The label of the token; undefined for any. */
  readonly token: string | undefined;
  /** The serial number of the token; undefined for any. */
  readonly serial: string | undefined;
  /** The label of the key, which is also the name of one that is generated. */
  readonly label: string;
}

const allowed =
  'pkcs11:token=LABEL;object=LABEL?module-path=/PATH&pin-source=/PATH, also with serial=NUMBER';
const names = ['token', 'serial', 'object', 'type', 'module-path', 'pin-source'];

/**
 * Parses a PKCS#11 URI. Required are the label of the key (`object`), the library (`module-path`)
 * and the file with the PIN (`pin-source`).
 *
 * @param setting what the text is the value of, for errors
 * @throws {ServerError} `setting-invalid`
 * @see RFC 7512
 */
export function parsePkcs11Uri(text: string, setting: string): Pkcs11Key {
  const invalid = (found: string) =>
    new ServerError('setting-invalid', `${setting}: ${found}; expected ${allowed}`);
  const values = attributesIn(text, invalid);
  const type = values.get('type') ?? 'secret-key';
  if (type !== 'secret-key') throw invalid(`type=${type}, but only secret-key is possible`);
  const label = values.get('object') ?? '';
  const modulePath = values.get('module-path') ?? '';
  const pinFile = (values.get('pin-source') ?? '').replace(/^file:/, '');
  if (label === '') throw invalid('no object');
  for (const [name, file] of Object.entries({ 'module-path': modulePath, 'pin-source': pinFile })) {
    if (!file.startsWith('/')) throw invalid(`${name} is not an absolute path`);
  }
  return { modulePath, pinFile, token: values.get('token'), serial: values.get('serial'), label };
}

/** The attributes of the path and of the query, which have different names. */
function attributesIn(text: string, invalid: (found: string) => Error): Map<string, string> {
  const [path = '', query = '', ...more] = text.replace(/^pkcs11:/, '').split('?');
  if (more.length > 0) throw invalid("more than one '?'");
  const values = new Map<string, string>();
  const parts = [...path.split(';'), ...query.split('&')].filter((part) => part !== '');
  for (const part of parts) {
    const [name = '', ...rest] = part.split('=');
    // The value stays out of the message: it may be a PIN.
    if (name === 'pin-value') throw invalid('pin-value would show the PIN to other processes');
    if (!names.includes(name) || values.has(name)) {
      throw invalid(`'${name}' is unknown or repeated`);
    }
    values.set(
      name,
      decoded(rest.join('='), () => invalid(`'${name}' is not percent-encoded`)),
    );
  }
  return values;
}

function decoded(text: string, invalid: () => Error): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid();
  }
}
