// The pages of the console, each loaded when it is first opened.

import { type ComponentType, type LazyExoticComponent, lazy, type ReactNode } from 'react';
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

/** The areas in the navigation. */
export const areas: readonly Area[] = [
  { path: 'brokers', name: 'Brokers' },
  { path: 'keys', name: 'Keys' },
];

/** The page of an address, and its title. */
function find({ parts }: Route): readonly [page: Page, title: string] | undefined {
  const [area = 'brokers', id, detail] = parts;
  switch (area) {
    case 'brokers':
      if (id === undefined) return [brokerList, 'Brokers'];
      if (id === 'new') return [brokerCreate, 'Create a broker'];
      return detail === 'data-protection'
        ? [protection, 'Data protection']
        : [brokerPage, `Broker ${id}`];
    case 'keys':
      if (id === undefined) return [keyList, 'Keys'];
      return id === 'new' ? [keyCreate, 'Create a key'] : [keyPage, `Key ${id}`];
    default:
      return undefined;
  }
}

/** The title of a page. */
export function titleOf(route: Route): string {
  return find(route)?.[1] ?? 'Not found';
}

/** The page of an address. */
export function pageOf(route: Route): ReactNode {
  const [Found] = find(route) ?? [];
  if (Found === undefined) return <p>There is no such page.</p>;
  return <Found key={route.parts.join('/')} route={route} />;
}
