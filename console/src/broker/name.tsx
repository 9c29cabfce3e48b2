// Names of objects, which other people chose.

import Link from '@cloudscape-design/components/link';
import { href } from '../router.ts';
import { isAddressable } from './request.ts';

// Characters that are invisible, or change the direction of text, with which a name could look like
// another one; and bytes that are no UTF-8.
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Surrogate}]/gu;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A name with invisible characters as `\u202e`. */
export function printable(name: string): string {
  return name.replace(unprintable, escaped);
}

interface NameLinkProps {
  readonly area: string;
  /** The parts of the name; the last one is shown. */
  readonly parts: readonly string[];
  /** What is shown instead. */
  readonly text?: string;
}

/** A name that leads to the page of the object. */
export function NameLink({ area, parts, text }: NameLinkProps) {
  const shown = printable(text ?? parts.at(-1) ?? '');
  if (!parts.every(isAddressable)) return <>{shown}</>;
  return <Link href={href(area, ...parts)}>{shown}</Link>;
}
