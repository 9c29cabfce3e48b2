// A browser that the test files of a process share.

import type { Browser } from 'playwright-core';
import { startBrowser } from './console-page.ts';
import type { Program } from './other-programs.ts';

/** The number of test files of this process that may still need the browser. */
let fileCount = 0;
let running: Promise<Browser> | undefined;

/** What a test file has of the browser. */
interface SharedBrowser {
  /** Starts the browser unless it runs. */
  start(): Promise<Browser>;
  /** Closes all pages; after the last of the files, the browser too. */
  release(): Promise<void>;
}

/**
 * Announces that a test file is going to use the browser, whose start takes two seconds of a processor. A
 * file does so while it is loaded, since all files of a process are loaded before the first test runs.
 *
 * @param found the browser; otherwise, why there is none, and then the file must call nothing
 */
export function shareBrowser(found: Program | string): SharedBrowser {
  if (typeof found === 'string') {
    const refuse = () => Promise.reject(new Error(`there is no browser: ${found}`));
    return { start: refuse, release: refuse };
  }
  fileCount += 1;
  return { start: () => start(found), release };
}

async function start(program: Program): Promise<Browser> {
  running ??= startBrowser(program);
  const browser = await running;
  if (browser.isConnected()) return browser;
  // A browser that crashed fails the tests of one file only.
  running = startBrowser(program);
  return await running;
}

async function release(): Promise<void> {
  fileCount -= 1;
  const browser = await running;
  if (browser === undefined) return;
  // What a test that failed has left open goes on asking its service.
  for (const context of browser.contexts()) await context.close();
  if (fileCount === 0) await browser.close();
}
