// Search filters with placeholders.

import { Filter, FilterParser } from 'ldapts';
import { LdapError } from './errors.ts';

/**
 * Replaces `{0}`, `{1}` … in a filter with values. Characters of a value that have a meaning in
 * filters are escaped (RFC 4515), so that a value is always compared as a whole.
 */
export function filledFilter(filter: string, values: readonly string[]): string {
  return filter.replaceAll(/\{(\d)\}/g, (placeholder, digit: string) => {
    const value = values[Number(digit)];
    return value === undefined ? placeholder : Filter.escape(value);
  });
}

/** A filter for entries with a value of an attribute, which is compared as a whole. */
export function filteredEquality(attribute: string, value: string): string {
  return `(${attribute}=${Filter.escape(value)})`;
}

/**
 * Checks a filter before it is used.
 *
 * @param required the placeholder without which the filter would find the same for every user
 * @throws {LdapError} `filter-invalid`
 */
export function checkFilter(filter: string, required: readonly string[]): void {
  if (!required.some((placeholder) => filter.includes(placeholder))) {
    const text = `the filter ${filter} does not contain ${required.join(' or ')}`;
    throw new LdapError('filter-invalid', text);
  }
  try {
    FilterParser.parseString(filledFilter(filter, ['a', 'a']));
  } catch (error) {
    const text = `the filter ${filter} does not conform to RFC 4515`;
    throw new LdapError('filter-invalid', text, { cause: error });
  }
}
