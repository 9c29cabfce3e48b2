// The way to a page.

import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import { printedBeginning } from './printable.ts';

/** Maximum length of a name: a longer one would make narrow pages wider than the window. The heading has all of it. */
const lengthMax = 36;

interface CrumbsProps {
  /** The pages above, and the page itself. Their names may be anybody's, even of an address. */
  readonly items: readonly { readonly text: string; readonly href: string }[];
}

/** Shows the way to a page. */
export function Crumbs({ items }: CrumbsProps) {
  return (
    <BreadcrumbGroup
      ariaLabel="Breadcrumbs"
      items={items.map(({ text, href }) => ({ text: shortened(text), href }))}
    />
  );
}

function shortened(text: string): string {
  const { shown, restLength } = printedBeginning(text, lengthMax, false);
  return restLength === 0 ? shown : `${shown}…`;
}
