// Exchanges of the management node.

import { exchangeType } from '../../../../broker/exchanges/types/registry.ts';
import { requireAccess } from '../refusals.ts';
import { requireNamed, requireOneLine, requireOwnName } from './names.ts';
import type { Call } from './operations.ts';
import { nameOf } from './path.ts';
import { noContent, RequestError, type Response } from './response.ts';
import { Fields } from './values.ts';

/** `PUT /exchanges/:exchange` */
export function declareExchange({ own, part, body }: Call): Response {
  const { vhost, access } = own;
  const name = nameOf(part);
  const fields = new Fields(body, 'exchange property', [
    'durable',
    'auto_delete',
    'type',
    'internal',
    'arguments',
  ]);
  const options = {
    durable: fields.boolean('durable', true),
    autoDelete: fields.boolean('auto_delete', false),
    internal: fields.boolean('internal', false),
    arguments: fields.arguments(),
  };
  const type = fields.text('type', 'direct');
  const known = exchangeType(type);
  if (known === undefined || known.isReserved === true) {
    throw new RequestError('400', `unknown exchange type '${type}'`);
  }
  requireNamed(name);
  requireAccess(access, 'configure', 'exchange', name);
  const alternate = options.arguments['alternate-exchange'];
  if (alternate !== undefined) {
    if (alternate.type !== 'longstr') {
      const why = `invalid type '${alternate.type}' for arg 'alternate-exchange'`;
      throw new RequestError('400', why);
    }
    requireAccess(access, 'read', 'exchange', name);
    requireAccess(access, 'write', 'exchange', String(alternate.value));
  }
  if (!vhost.exchanges.has(name)) {
    requireOneLine(name);
    requireOwnName('exchange', name, vhost.name);
  }
  vhost.declareExchange(name, type, options);
  return noContent;
}

/** `DELETE /exchanges/:exchange`. A missing exchange is not an error. */
export function deleteExchange({ own, part, body }: Call): Response {
  const { vhost, access } = own;
  if (body.type !== 'null') throw new RequestError('400', 'a DELETE request has a body');
  const name = nameOf(part);
  requireOneLine(name);
  requireNamed(name);
  requireOwnName('exchange', name, vhost.name);
  requireAccess(access, 'configure', 'exchange', name);
  vhost.deleteExchange(name, { ifUnused: false });
  return noContent;
}
