// The stored forms of passwords, and RabbitMQ's form of them.

import { BrokerError } from '../errors.ts';

/** The algorithms of RabbitMQ's password hashes that can be imported, and the size of a digest. */
const digestBytes = {
  rabbit_password_hashing_sha256: 32,
  rabbit_password_hashing_sha512: 64,
} as const;

/** An algorithm of password hashes in RabbitMQ's definitions. */
export type HashingAlgorithm = keyof typeof digestBytes;

/** The names of all algorithms that can be imported. */
export const hashingAlgorithms = Object.keys(digestBytes) as readonly HashingAlgorithm[]; // see above

const defaultAlgorithm: HashingAlgorithm = 'rabbit_password_hashing_sha256';

const saltBytes = 4;

/** A hash of this program: PBKDF2 with 16 bytes of salt and 64 bytes of digest. */
const ownForm = /^pbkdf2-sha512\$([1-9]\d{0,6})\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{86}==$/;

/** Iterations of imported hashes. Generated passwords have the fewest; more would occupy a thread for long. */
const iterationsMin = 1000;
const iterationsMax = 1_000_000;

/** A hash in a request. */
export type HashToImport =
  /** The user cannot log in with a password. */
  | { readonly none: true }
  /** A hash of this program. */
  | { readonly ownHash: string }
  /** RabbitMQ's hash in base64; empty if the user cannot log in with a password. */
  | { readonly passwordHash: string; readonly hashingAlgorithm?: string | undefined };

/** A stored hash as definitions contain it. */
export interface ExportedHash {
  /** RabbitMQ's hash; empty if the user has none, or one of this program. */
  readonly passwordHash: string;
  readonly hashingAlgorithm: HashingAlgorithm;
  /** The hash of this program; undefined if the user has none. */
  readonly ownHash: string | undefined;
}

/**
 * Checks a hash in a request and returns its stored form.
 *
 * @throws {BrokerError} `precondition-failed` if it is malformed. The text does not contain it.
 */
export function importedHash(asked: HashToImport): string {
  if ('none' in asked) return '';
  if ('ownHash' in asked) return checkedOwnHash(asked.ownHash);
  const { passwordHash: text, hashingAlgorithm: name = defaultAlgorithm } = asked;
  const algorithm = hashingAlgorithms.find((known) => known === name);
  if (algorithm === undefined) {
    const known = hashingAlgorithms.join(' and ');
    throw invalid(`the hashing algorithm '${name.slice(0, 100)}' is unknown; ${known} are allowed`);
  }
  if (text === '') return '';
  const size = saltBytes + digestBytes[algorithm];
  const bytes = Buffer.from(text.slice(0, 1024), 'base64');
  if (bytes.length !== size || bytes.toString('base64') !== text) {
    throw invalid(`a password hash of ${algorithm} is base64 of ${size} bytes`);
  }
  return `${algorithm}$${text}`;
}

function checkedOwnHash(hash: string): string {
  const iterations = Number(ownForm.exec(hash)?.[1] ?? 0);
  if (iterations >= iterationsMin && iterations <= iterationsMax) return hash;
  const range = `${iterationsMin} to ${iterationsMax} iterations`;
  throw invalid(`the password hash is not of the form pbkdf2-sha512 with ${range}`);
}

/** Returns a stored hash in the form of definitions. */
export function exportedHash(stored: string): ExportedHash {
  const [name, passwordHash = ''] = stored.split('$');
  const algorithm = hashingAlgorithms.find((known) => known === name);
  if (algorithm !== undefined) {
    return { passwordHash, hashingAlgorithm: algorithm, ownHash: undefined };
  }
  const ownHash = stored === '' ? undefined : stored;
  return { passwordHash: '', hashingAlgorithm: defaultAlgorithm, ownHash };
}

function invalid(text: string): BrokerError {
  return new BrokerError('precondition-failed', text);
}
