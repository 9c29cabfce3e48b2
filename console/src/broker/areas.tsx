// The pages of a console, each loaded when it is first opened.

import type { SideNavigationProps } from '@cloudscape-design/components/side-navigation';
import type { ComponentType, LazyExoticComponent, ReactNode } from 'react';
import { Loaded, NoSuchPage } from '../parts/frame.tsx';
import { printable } from '../parts/printable.ts';
import { href, type Route } from '../router.ts';

/** A page that is loaded when it is opened. */
export type LazyPage = LazyExoticComponent<ComponentType<{ readonly route: Route }>>;

/** A part of the console that the navigation shows. */
export interface Area {
  readonly name: string;
  readonly list: LazyPage;
  /** The page of one object, and how many parts its name has. */
  readonly one?: readonly [page: LazyPage, partCount: 1 | 2];
}

/** The parts of a console by the first part of their addresses. */
export type Areas<Kind extends Area = Area> = Readonly<Record<string, Kind>>;

/** The links of the navigation to those parts that are shown. */
export function linksOf<Kind extends Area>(
  areas: Areas<Kind>,
  isShown: (area: Kind) => boolean = () => true,
): SideNavigationProps.Item[] {
  return Object.entries(areas)
    .filter(([, area]) => isShown(area))
    .map(([path, { name }]) => ({ type: 'link', text: name, href: href(path) }));
}

interface Found {
  readonly page: LazyPage;
  readonly title: string;
}

function find(areas: Areas, { parts }: Route): Found | undefined {
  const [path = 'overview', ...names] = parts;
  const area = Object.hasOwn(areas, path) ? areas[path] : undefined;
  if (area === undefined) return undefined;
  if (names.length === 0) return { page: area.list, title: area.name };
  const [page, partCount] = area.one ?? [];
  if (page === undefined || names.length !== partCount) return undefined;
  return { page, title: `${printable(names.at(-1) ?? '')} – ${area.name}` };
}

/** The title of a page. */
export function titleOf(areas: Areas, route: Route): string {
  return find(areas, route)?.title ?? 'Not found';
}

/** The page of an address. */
export function pageOf(areas: Areas, route: Route): ReactNode {
  const found = find(areas, route);
  if (found === undefined) return <NoSuchPage />;
  return (
    <Loaded key={JSON.stringify(route.parts)}>
      <found.page route={route} />
    </Loaded>
  );
}
