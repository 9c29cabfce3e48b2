// Checks of names in requests.

import { describe } from '../../../../broker/errors.ts';
import { RequestError } from './response.ts';

/** @throws {RequestError} `400` for a name with line breaks */
export function requireOneLine(name: string): void {
  if (!/[\r\n]/.test(name)) return;
  const why = 'line feed and carriage return characters not allowed';
  throw new RequestError('400', `Bad name '${name}': ${why}`);
}

/** @throws {RequestError} `403` for names that clients cannot create or delete */
export function requireOwnName(kind: 'queue' | 'exchange', name: string, vhost: string): void {
  if (!name.startsWith('amq.')) return;
  const subject = describe(kind, name, vhost);
  throw new RequestError('403', `${subject} starts with reserved prefix 'amq.'`);
}

/** @throws {RequestError} `403` for the default exchange */
export function requireNamed(exchange: string): void {
  if (exchange !== '') return;
  throw new RequestError('403', 'operation not permitted on the default exchange');
}
