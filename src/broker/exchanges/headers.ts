import { type Argument, type Arguments, hasSameValue } from '../arguments.ts';
import { BrokerError } from '../errors.ts';

/**
 * Requires a binding's `x-match` to be one that exists; none means `all`.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function checkMatch(match: Argument | undefined): void {
  if (match === undefined) return;
  const { type, value } = match;
  if (type !== 'longstr') {
    const why = `Invalid x-match field type ${type} (value ${value}); expected longstr`;
    throw new BrokerError('precondition-failed', why);
  }
  if (['all', 'any', 'all-with-x', 'any-with-x'].includes(String(value))) return;
  const why = `Invalid x-match field value <<"${value}">>; expected all, any, all-with-x, or any-with-x`;
  throw new BrokerError('precondition-failed', why);
}

/**
 * Whether a message's headers match a binding of a headers exchange. An argument without a value
 * only asks that the header be there.
 */
export function matchesHeaders(wanted: Arguments, headers: Arguments): boolean {
  const how = wanted['x-match']?.value ?? 'all';
  const isAny = how === 'any' || how === 'any-with-x';
  const withX = how === 'all-with-x' || how === 'any-with-x';
  for (const [name, value] of Object.entries(wanted)) {
    if (name === 'x-match' || (!withX && name.startsWith('x-'))) continue;
    const header = headers[name];
    const matches = header !== undefined && (value.type === 'void' || hasSameValue(value, header));
    if (matches === isAny) return isAny;
  }
  return !isAny;
}
