// The pages of the console, each loaded when it is first opened.

import { type ComponentType, type LazyExoticComponent, lazy, type ReactNode } from 'react';
import { Loaded, NoSuchPage } from './parts/frame.tsx';
import { printable } from './parts/printable.ts';
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
const drillsPage = lazy(() => import('./drills/drills-page.tsx'));
const groupPage = lazy(() => import('./identity/group-page.tsx'));
const rolePage = lazy(() => import('./identity/roles/role-page.tsx'));
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
  { path: 'drills', name: 'Drills' },
];

/** The page of an address, and its title. */
type Found = readonly [page: Page, title: string];

/** The tabs of the page of the identities, by which the address names it too. */
const identityTabs = /^(?:users|groups|roles|policies|simulator)$/;

/** The pages of each area, by the rest of the address; undefined for an address that has none. */
const pagesOf: Readonly<Record<string, (...rest: readonly string[]) => Found | undefined>> = {
  brokers: (id, detail) => {
    if (id === undefined) return [brokerList, 'Brokers'];
    if (detail === 'data-protection') return [protection, 'Data protection'];
    if (detail !== undefined) return undefined;
    return id === 'new' ? [brokerCreate, 'Create a broker'] : [brokerPage, `Broker ${id}`];
  },
  keys: (id, ...more) => {
    if (more.length > 0) return undefined;
    if (id === undefined) return [keyList, 'Keys'];
    return id === 'new' ? [keyCreate, 'Create a key'] : [keyPage, `Key ${id}`];
  },
  trail: alone(trailPage, 'Trail'),
  logs: (id, ...more) => {
    if (more.length > 0) return undefined;
    return id === undefined ? [logGroups, 'Logs'] : [logPage, `Log ${id}`];
  },
  metrics: alone(metricsPage, 'Metrics'),
  advice: alone(advicePage, 'Advice'),
  drills: alone(drillsPage, 'Drills'),
  identity: (tab, name) => {
    if (tab === 'users' && name !== undefined) return [userPage, `User ${name}`];
    if (tab === 'groups' && name !== undefined) return [groupPage, `Group ${name}`];
    if (tab === 'roles' && name !== undefined) return [rolePage, `Role ${name}`];
    const isTab = tab === undefined || identityTabs.test(tab);
    return isTab && name === undefined ? [identityPage, 'Identity'] : undefined;
  },
};

/** The only page of an area. */
function alone(page: Page, title: string) {
  return (...rest: readonly string[]): Found | undefined =>
    rest.length === 0 ? [page, title] : undefined;
}

/** Maximum number of parts of an address. */
const partCountMax = 3;

function find({ parts }: Route): Found | undefined {
  const [area = 'brokers', ...rest] = parts;
  if (parts.length > partCountMax || !Object.hasOwn(pagesOf, area)) return undefined;
  return pagesOf[area]?.(...rest);
}

/** The title of a page. */
export function titleOf(route: Route): string {
  return printable(find(route)?.[1] ?? 'Not found');
}

/** The page of an address. */
export function pageOf(route: Route): ReactNode {
  const [Found] = find(route) ?? [];
  if (Found === undefined) return <NoSuchPage />;
  // The tabs of the identities are one page.
  const key = Found === identityPage ? 'identity' : JSON.stringify(route.parts);
  return (
    <Loaded key={key}>
      <Found route={route} />
    </Loaded>
  );
}
