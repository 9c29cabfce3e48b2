import { type Arguments, isSameArgument } from '../arguments.ts';

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
    const matches =
      header !== undefined && (value.type === 'void' || isSameArgument(value, header));
    if (matches === isAny) return isAny;
  }
  return !isAny;
}
