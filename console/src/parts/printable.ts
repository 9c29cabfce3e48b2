// Texts that other people chose.

// Characters that are invisible, or change the direction of text, with which a text could look like
// another one; and bytes that are no UTF-8.
const unprintable = /[\p{Control}\p{Format}\p{Surrogate}\u2028\u2029]/gu;
const spaces: ReadonlySet<string> = new Set(['\t', '\n', '\r']);

function escaped(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16);
  return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`;
}

/** A text of one line with invisible characters as `\u202e`. */
function printableLine(text: string): string {
  return text.replace(unprintable, escaped);
}

/** Spaces that a page leaves out: a name with them would look like one without. */
const unseenSpace = /^ | $|(?<= ) /g;

/** A name, or another text of one line, with invisible characters and spaces as `\u202e`. */
export function printable(text: string): string {
  return printableLine(text).replace(unseenSpace, escaped);
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

/** The beginning of a text as it is shown, and how many characters of the text follow. */
interface PrintedBeginning {
  readonly shown: string;
  readonly restLength: number;
}

/**
 * The beginning of a text with invisible characters as `\u202e`.
 *
 * @param lengthMax maximum length of what is shown, characters
 * @param hasLines whether line ends and tabs stay
 */
export function printedBeginning(
  text: string,
  lengthMax: number,
  hasLines: boolean,
): PrintedBeginning {
  const print = hasLines ? printableText : printableLine;
  const whole = text.length <= lengthMax ? print(text) : '';
  if (text.length <= lengthMax && whole.length <= lengthMax) return { shown: whole, restLength: 0 };
  let shown = '';
  let length = 0;
  for (const character of text) {
    const printed = print(character);
    if (shown.length + printed.length > lengthMax) break;
    shown += printed;
    length += character.length;
  }
  return { shown, restLength: text.length - length };
}

/** Maximum number of kinds of invisible characters that are named. */
const kindCountMax = 5;

/** The invisible characters of a text, each once: `\u202e`. Line ends and tabs do not count. */
export function invisibleIn(text: string): readonly string[] {
  const kinds = new Set<string>();
  for (const [each] of text.matchAll(unprintable)) {
    if (!spaces.has(each)) kinds.add(escaped(each));
    if (kinds.size === kindCountMax) break;
  }
  return [...kinds];
}
