// Texts that other people chose.

// Characters that are invisible, or change the direction of text, with which a text could look like
// another one; and bytes that are no UTF-8.
const unprintable = /[\p{Control}\p{Format}\p{Surrogate}\u2028\u2029]/gu;
const spaces: ReadonlySet<string> = new Set(['\t', '\n', '\r']);

function escaped(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16);
  return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`;
}

/** A text of one line, such as a name, with invisible characters as `\u202e`. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped);
}

/** A text of at most so many characters, and how many follow. */
export function beginningOf(text: string, length: number): string {
  if (text.length <= length) return text;
  // Half of a character would be shown as one that is not there.
  const isHalf = /[\ud800-\udbff]/.test(text.charAt(length - 1));
  const first = text.slice(0, isHalf ? length - 1 : length);
  return `${first}… (and ${text.length - first.length} more characters)`;
}

/** A text of several lines, whose line ends and tabs stay. */
export function printableText(text: string): string {
  return text.replace(unprintable, (each) => (spaces.has(each) ? each : escaped(each)));
}
