// The head of the page of one object.

import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import { Crumbs } from '../parts/crumbs.tsx';
import { printable } from '../parts/printable.ts';
import { href } from '../router.ts';

interface HeadProps {
  /** The list that the object is in: its path and its name. */
  readonly area: readonly [path: string, name: string];
  readonly parts: readonly string[];
  readonly title: string;
  readonly description?: ReactNode;
  readonly actions?: ReactNode;
}

/** The way to the list, the name of the object, and what can be done with it. */
export function Head({ area: [path, name], parts, title, description, actions }: HeadProps) {
  const shown = printable(title);
  return (
    <SpaceBetween size="s">
      <Crumbs
        items={[
          { text: name, href: href(path) },
          { text: title, href: href(path, ...parts) },
        ]}
      />
      <Header
        variant="h1"
        description={description}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            {actions}
          </SpaceBetween>
        }
      >
        {shown}
      </Header>
    </SpaceBetween>
  );
}
