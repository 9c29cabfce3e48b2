// Names of objects, which other people chose.

import Link from '@cloudscape-design/components/link';
import { printable } from '../parts/printable.ts';
import { href } from '../router.ts';
import { isAddressable } from './request.ts';

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
