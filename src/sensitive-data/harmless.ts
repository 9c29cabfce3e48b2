// Technical identifiers whose digits are not personal data.

/** Replaces hidden text; neither a letter, nor a digit, nor a separator. */
const filler = '\u0001';

const uuid =
  /(?<![A-Za-z0-9])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![A-Za-z0-9])/gi;
const arnPrefix = /arn:aws[a-z-]{0,10}:[a-z0-9-]{1,32}:[a-z0-9-]{0,32}:\d{0,12}:/g;
const hexDigest = /(?<![A-Za-z0-9])(?=\d{0,127}[a-f])[0-9a-f]{32,128}(?![A-Za-z0-9])/gi;
/** A date, with a time if there is one: `2026-11-28T19:22:15.496Z`. */
const date =
  /(?<![A-Za-z0-9])(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-[0-3]\d(?:[T ][0-2]\d:?[0-5]\d(?::?[0-5]\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![A-Za-z0-9])/g;
/** A date without separators, with a time if there is one: `20261128`, `20261128T192215Z`. */
const compactDate =
  /(?<![A-Za-z0-9])(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:T?[0-2]\d[0-5]\d(?:[0-5]\d)?Z?)?(?![A-Za-z0-9]|[-+]\d{4}(?!\d))/g;
const ipv4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2}|:\d{1,5})?(?![\d.])/g;

const harmless: readonly RegExp[] = [uuid, arnPrefix, hexDigest, date, compactDate, ipv4];

/** Replaces a part of a text. The length of the text does not change. */
export function hide(text: string, start: number, end: number): string {
  return text.slice(0, start) + filler.repeat(end - start) + text.slice(end);
}

/** Hides UUIDs, the account ids of ARNs, digests, dates and IP addresses. */
export function hideHarmless(text: string): string {
  let rest = text;
  for (const pattern of harmless) {
    rest = rest.replace(pattern, (found) => filler.repeat(found.length));
  }
  return rest;
}
