// The pages of the console, each loaded when it is first opened.

import type { SideNavigationProps } from '@cloudscape-design/components/side-navigation';
import { type ComponentType, type LazyExoticComponent, lazy, type ReactNode } from 'react';
import { Loaded } from '../parts/frame.tsx';
import { href, type Route } from '../router.ts';
import { printable } from './parts/name.tsx';
import { hasRole, type Role } from './session/session.ts';

type Page = LazyExoticComponent<ComponentType<{ readonly route: Route }>>;

/** A part of the console that the navigation shows to people with a right. */
interface Area {
  readonly name: string;
  readonly role: Role;
  readonly list: Page;
  /** The page of one object, and how many parts its name has. */
  readonly one?: readonly [page: Page, partCount: 1 | 2];
}

const areas: Readonly<Record<string, Area>> = {
  overview: {
    name: 'Overview',
    role: 'management',
    list: lazy(() => import('./overview/overview-page.tsx')),
  },
  connections: {
    name: 'Connections',
    role: 'management',
    list: lazy(() => import('./connections/connection-list.tsx')),
    one: [lazy(() => import('./connections/connection-page.tsx')), 1],
  },
  channels: {
    name: 'Channels',
    role: 'management',
    list: lazy(() => import('./connections/channel-list.tsx')),
    one: [lazy(() => import('./connections/channel-page.tsx')), 1],
  },
  exchanges: {
    name: 'Exchanges',
    role: 'management',
    list: lazy(() => import('./exchanges/exchange-list.tsx')),
    one: [lazy(() => import('./exchanges/exchange-page.tsx')), 2],
  },
  queues: {
    name: 'Queues and streams',
    role: 'management',
    list: lazy(() => import('./queues/queue-list.tsx')),
    one: [lazy(() => import('./queues/queue-page.tsx')), 2],
  },
  policies: {
    name: 'Policies',
    role: 'management',
    list: lazy(() => import('./policies/policies-page.tsx')),
  },
  vhosts: {
    name: 'Virtual hosts',
    role: 'management',
    list: lazy(() => import('./admin/vhost-list.tsx')),
    one: [lazy(() => import('./admin/vhost-page.tsx')), 1],
  },
  users: {
    name: 'Users',
    role: 'administrator',
    list: lazy(() => import('./admin/user-list.tsx')),
    one: [lazy(() => import('./admin/user-page.tsx')), 1],
  },
  limits: {
    name: 'Limits',
    role: 'management',
    list: lazy(() => import('./admin/limits-page.tsx')),
  },
  shovels: {
    name: 'Shovels',
    role: 'monitoring',
    list: lazy(() => import('./admin/shovel-list.tsx')),
  },
  definitions: {
    name: 'Definitions',
    role: 'administrator',
    list: lazy(() => import('./admin/definitions-page.tsx')),
  },
};

/** What the navigation shows to the person. */
export function navigation(): SideNavigationProps.Item[] {
  return Object.entries(areas)
    .filter(([, { role }]) => hasRole(role))
    .map(([path, { name }]) => ({ type: 'link', text: name, href: href(path) }));
}

interface Found {
  readonly page: Page;
  readonly title: string;
}

function find({ parts }: Route): Found | undefined {
  const [path = 'overview', ...names] = parts;
  const area = Object.hasOwn(areas, path) ? areas[path] : undefined;
  if (area === undefined) return undefined;
  if (names.length === 0) return { page: area.list, title: area.name };
  const [page, partCount] = area.one ?? [];
  if (page === undefined || names.length !== partCount) return undefined;
  return { page, title: `${printable(names.at(-1) ?? '')} – ${area.name}` };
}

/** The title of a page. */
export function titleOf(route: Route): string {
  return find(route)?.title ?? 'Not found';
}

/** The page of an address. */
export function pageOf(route: Route): ReactNode {
  const found = find(route);
  if (found === undefined) return <p>There is no such page.</p>;
  return (
    <Loaded key={route.parts.join('/')}>
      <found.page route={route} />
    </Loaded>
  );
}
