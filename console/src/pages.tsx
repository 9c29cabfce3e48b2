// The pages of the console, each loaded when it is first opened.

import { type ComponentType, type LazyExoticComponent, lazy, type ReactNode } from 'react';
import { Loaded } from './parts/frame.tsx';
import type { Route } from './router.ts';

/** A part of the console that the navigation shows. */
interface Area {
  readonly path: string;
  readonly name: string;
}

type Page = LazyExoticComponent<ComponentType<{ readonly route: Route }>>;

const brokerList = lazy(() => import('./brokers/broker-list.tsx'));
const brokerCreate = lazy(() => import('./brokers/broker-create.tsx'));
const brokerPage = lazy(() => import('./brokers/broker-page.tsx'));
const protection = lazy(() => import('./protection/protection-page.tsx'));
const keyList = lazy(() => import('./keys/key-list.tsx'));
const keyCreate = lazy(() => import('./keys/key-create.tsx'));
const keyPage = lazy(() => import('./keys/key-page.tsx'));

const trailPage = lazy(() => import('./trail/trail-page.tsx'));
const logGroups = lazy(() => import('./logs/log-groups.tsx'));
const logPage = lazy(() => import('./logs/log-page.tsx'));
const metricsPage = lazy(() => import('./metrics/metrics-page.tsx'));
const identityPage = lazy(() => import('./identity/identity-page.tsx'));
const advicePage = lazy(() => import('./advice/advice-page.tsx'));
const userPage = lazy(() => import('./identity/user-page.tsx'));

/** The areas in the navigation. */
export const areas: readonly Area[] = [
  { path: 'brokers', name: 'Brokers' },
  { path: 'keys', name: 'Keys' },
  { path: 'trail', name: 'Trail' },
  { path: 'logs', name: 'Logs' },
  { path: 'metrics', name: 'Metrics' },
  { path: 'identity', name: 'Identity' },
  { path: 'advice', name: 'Advice' },
];

/** The page of an address, and its title. */
type Found = readonly [page: Page, title: string];

/** The pages of each area, by the rest of the address. */
const pagesOf: Readonly<Record<string, (id?: string, detail?: string) => Found>> = {
  brokers: (id, detail) => {
    if (id === undefined) return [brokerList, 'Brokers'];
    if (id === 'new') return [brokerCreate, 'Create a broker'];
    const isProtection = detail === 'data-protection';
    return isProtection ? [protection, 'Data protection'] : [brokerPage, `Broker ${id}`];
  },
  keys: (id) => {
    if (id === undefined) return [keyList, 'Keys'];
    return id === 'new' ? [keyCreate, 'Create a key'] : [keyPage, `Key ${id}`];
  },
  trail: () => [trailPage, 'Trail'],
  logs: (id) => (id === undefined ? [logGroups, 'Logs'] : [logPage, `Log ${id}`]),
  metrics: () => [metricsPage, 'Metrics'],
  advice: () => [advicePage, 'Advice'],
  identity: (id, detail) =>
    id === 'users' && detail !== undefined
      ? [userPage, `User ${detail}`]
      : [identityPage, 'Identity'],
};

function find({ parts }: Route): Found | undefined {
  const [area = 'brokers', id, detail] = parts;
  return Object.hasOwn(pagesOf, area) ? pagesOf[area]?.(id, detail) : undefined;
}

/** The title of a page. */
export function titleOf(route: Route): string {
  return find(route)?.[1] ?? 'Not found';
}

/** The page of an address. */
export function pageOf(route: Route): ReactNode {
  const [Found] = find(route) ?? [];
  if (Found === undefined) return <p>There is no such page.</p>;
  // The tabs of the identities are one page.
  const key = Found === identityPage ? 'identity' : route.parts.join('/');
  return (
    <Loaded key={key}>
      <Found route={route} />
    </Loaded>
  );
}
