// Runs the snippets of one page, whose path is the argument. `servers.test.ts` starts it in namespaces of its
// own, in which `/etc` and all ports are free.

import { snippetsFor } from '../snippets.ts';
import { remoteKmsPage, rootKeyPage } from './keys.ts';
import { directoryPage, tokensPage } from './log-ins.ts';
import { movingPage } from './moving.ts';
import { hostingPage, installPage, namesPage, singleSignOnPage, trailPage } from './services.ts';

type Run = (snippets: readonly string[]) => Promise<void>;

/** By page: how many snippets it has, and what runs them. */
const pages: Readonly<Record<string, readonly [count: number, run: Run]>> = {
  'docs/guides/hosting-for-others.md': [2, hostingPage],
  'docs/guides/keep-names-free-of-personal-data.md': [2, namesPage],
  'docs/guides/rabbitmq-users.md': [3, logInsPage],
  'docs/guides/single-sign-on.md': [1, singleSignOnPage],
  'docs/operate/install.md': [1, installPage],
  'docs/operate/moving.md': [1, movingPage],
  'docs/operate/remote-kms.md': [2, remoteKmsPage],
  'docs/operate/root-key.md': [3, rootKeyPage],
  'docs/reference/cloudtrail.md': [3, trailPage],
};

async function logInsPage([update = '', logIn = '', directory = '']: readonly string[]) {
  await tokensPage(update, logIn);
  await directoryPage(directory);
}

const [, , page = ''] = process.argv;
const found = pages[page];
if (found === undefined) throw new Error(`no page '${page}'`);
const [count, run] = found;
await run(snippetsFor('tests/documents/servers.test.ts', page, count));
console.log(`${count} snippets`);
process.exit(); // servers of others are left
