// Dialogs and other parts of a console that a person opens: that all of them are known, and good to use.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { packageFolder } from '../../src/base/package-folder.ts';
import type { BrowserPage } from './browser-page.ts';
import { until } from './processes.ts';

/** How a part of a page is opened. */
export interface Opening {
  /** The file that shows it, below `console/src`. */
  readonly source: string;
  /** The address of its page: `#/keys` */
  readonly at: string;
  /** The tab of the page. */
  readonly tab?: string;
  /** What is done before, such as choosing a file. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** What is pressed, one after the other. The focus comes back to the first one. */
  readonly press: readonly (string | RegExp)[];
  /** The title of the dialog; undefined for a part that is no dialog, such as a section that unfolds. */
  readonly title?: string | RegExp;
  /** What is shown once it is open, if it is no dialog. */
  readonly shows?: string | RegExp;
}

const sources = join(packageFolder, 'console/src');
/** The elements that open a part of a page: those of the design system, and those made of them. */
const opened =
  /<((?:\w*Dialog|Modal|Popover|ExpandableSection|Drawer|CopyToClipboard|LineChart))\b/g;

/** Whether a file is about one kind of dialog. What opens it says how. */
function isKind(path: string): boolean {
  return path.endsWith('-dialog.tsx');
}

/**
 * How many parts each file opens. A part that a file defines for itself counts where it is made.
 *
 * @param isIn whether a file, below `console/src`, belongs to the console
 */
async function partsOf(isIn: (path: string) => boolean): Promise<Record<string, number>> {
  const entries = await readdir(sources, { recursive: true });
  const paths = entries.filter((path) => path.endsWith('.tsx') && isIn(path) && !isKind(path));
  const counts = await Promise.all(
    paths.sort().map(async (path) => {
      const text = await readFile(join(sources, path), 'utf8');
      const names = [...text.matchAll(opened)].map(([, name]) => name);
      const own = names.filter((name) => !text.includes(`function ${name}(`));
      return [path, own.length] as const;
    }),
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** Requires that openings are those of the sources, so that none is added without being looked at. */
export async function areAllKnown(
  openings: readonly Opening[],
  isIn: (path: string) => boolean,
): Promise<void> {
  const known: Record<string, number> = {};
  for (const { source } of openings) known[source] = (known[source] ?? 0) + 1;
  const parts = await partsOf(isIn);
  const unknown = Object.entries(parts).filter(([path, count]) => (known[path] ?? 0) < count);
  assert.deepEqual(Object.fromEntries(unknown), {}, 'parts that no test opens');
  const gone = Object.keys(known).filter((path) => parts[path] === undefined);
  assert.deepEqual(gone, [], 'files that open nothing');
}

/** Opens a part, and requires that it is accessible in each look, and that the focus follows it. */
export async function isGoodToUse(page: BrowserPage, opening: Opening): Promise<void> {
  const { at, tab, prepare, press, title, shows } = opening;
  await page.page.evaluate((hash) => {
    (globalThis as unknown as { location: { hash: string } }).location.hash = hash;
  }, at);
  if (tab !== undefined) await page.page.getByRole('tab', { name: tab, exact: true }).click();
  await prepare?.(page.page);
  for (const name of press) await itemOf(page, name).click();
  if (title === undefined) {
    await page.shows(
      page.page
        .getByText(shows ?? '')
        .filter({ visible: true })
        .first(),
    );
    return isFineInEachLook(page, 'html');
  }
  const dialog = page.page.getByRole('dialog', { name: title });
  await page.shows(dialog);
  const name = String(title);
  await until(`the focus in ${name}`, () => hasFocus(dialog));
  await isFineInEachLook(page, '[role="dialog"]');
  await page.page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  const opener = itemOf(page, press[0] ?? '');
  await until(`the focus where ${name} was opened`, () => hasFocus(opener));
}

/** What is pressed: of an open menu, an item. */
function itemOf({ page }: BrowserPage, name: string | RegExp): Locator {
  const named = { name, exact: true };
  return page
    .getByRole('menuitem', named)
    .or(page.getByRole('button', named))
    .or(page.locator('main').getByRole('link', named))
    .first();
}

function hasFocus(element: Locator): Promise<boolean> {
  return element.evaluate((each) => each.matches(':focus, :focus-within'));
}

/** Requires that a part is accessible in light and dark colours and on a narrow screen. */
async function isFineInEachLook(page: BrowserPage, part: string): Promise<void> {
  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 1280],
    ['dark', 320],
    ['light', 320],
  ] as const) {
    await page.page.emulateMedia({ colorScheme });
    await page.page.setViewportSize({ width, height: 800 });
    await page.isAccessible(part);
    // The layout follows the window a moment later.
    await until(`${part} fits into ${width}`, async () => !(await page.isCutOff()));
    await until(`the fields of ${part} fit`, async () => (await beyond(page, part)).length === 0);
  }
  await page.page.setViewportSize({ width: 1280, height: 800 });
}

/** The fields and buttons of a part that reach beyond the window, where nobody can see them. */
function beyond({ page }: BrowserPage, part: string): Promise<string[]> {
  if (part === 'html') return Promise.resolve([]);
  return page.locator(`${part} :is(button, input, textarea)`).evaluateAll((elements) => {
    const { innerWidth } = globalThis as unknown as { innerWidth: number };
    return elements
      .filter((each) => {
        const { left, right } = each.getBoundingClientRect();
        return left < 0 || right > innerWidth;
      })
      .map((each) => each.outerHTML.slice(0, 200));
  });
}
