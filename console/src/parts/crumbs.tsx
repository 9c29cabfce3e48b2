// The way to a page.

import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import { printable } from './printable.ts';

interface CrumbsProps {
  /** The pages above, and the page itself. Their names may be anybody's, even of an address. */
  readonly items: readonly { readonly text: string; readonly href: string }[];
}

/** Shows the way to a page. */
export function Crumbs({ items }: CrumbsProps) {
  return (
    <BreadcrumbGroup
      ariaLabel="Breadcrumbs"
      items={items.map(({ text, href }) => ({ text: printable(text), href }))}
    />
  );
}
