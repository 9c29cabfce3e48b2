// The pages of the console, each loaded when it is first opened.

import type { SideNavigationProps } from '@cloudscape-design/components/side-navigation';
import { lazy } from 'react';
import { type Area, type Areas, linksOf } from '../broker/areas.tsx';
import { hasRole, type Role } from './session/roles.ts';

/** A part of the console that the navigation shows to people with a right. */
interface OwnArea extends Area {
  readonly role: Role;
}

/** All pages. */
export const areas: Areas<OwnArea> = {
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
  return linksOf(areas, ({ role }) => hasRole(role));
}
