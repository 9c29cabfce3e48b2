import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import {
  AttachUserPolicyCommand,
  CreateLoginProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteUserPolicyCommand,
  DetachGroupPolicyCommand,
  ListAttachedGroupPoliciesCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { Browser } from 'playwright-core';
import { decodeSeed, stepAt, totpCode } from '../../src/identity/accounts/mfa/totp.ts';
import { ConsolePage, findBrowser } from '../support/console-page.ts';
import { until } from '../support/processes.ts';
import { shareBrowser } from '../support/shared-browser.ts';
import { Waxwing } from '../support/waxwing.ts';

const found = await findBrowser();
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);
const password = 'correct-Horse-battery-7';
const adminPolicy = 'arn:aws:iam::aws:policy/AdministratorAccess';

let waxwing: Waxwing;
let browser: Browser;

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const { iam } = waxwing;
  const UserName = 'anna';
  const { User } = await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateLoginProfileCommand({ UserName, Password: password }));
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: adminPolicy }));
  const Statement = { Effect: 'Allow', Principal: { AWS: User?.Arn }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument }));
  browser = await shared.start();
});
after(async () => {
  if (skip !== false) return;
  await shared.release();
  await waxwing.remove();
});

async function signIn(page: ConsolePage, mfaCode = '', typed = password): Promise<void> {
  await page.field('User name').fill('anna');
  await page.field('Password').fill(typed);
  await page.field('MFA code').fill(mfaCode);
  await page.button('Sign in').click();
}

/** Responses are awaited before the heading, which an earlier page may still show. */
async function isSignedIn(page: ConsolePage): Promise<void> {
  await page.heading('Brokers').waitFor();
  await page.button(/^anna$/).waitFor();
}

test('a wrong password is refused, and a right one signs in until the page is loaded again', {
  skip,
}, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  await page.heading('Sign in').waitFor();
  await page.isAccessible();
  await signIn(page, '', 'wrong');
  await page.page.getByText('The user name, the password or the MFA code is wrong.').waitFor();
  await page.isAccessible();
  await signIn(page);
  await isSignedIn(page);
  const kept = await page.page.evaluate(() => {
    const { localStorage, sessionStorage, document } = globalThis as unknown as {
      localStorage: object;
      sessionStorage: object;
      document: { cookie: string };
    };
    return JSON.stringify([localStorage, sessionStorage, document.cookie]);
  });
  assert.equal(kept, '[{},{},""]');
  await page.reload();
  await page.heading('Sign in').waitFor();
  await page.close();
});

test('a click is found in the trail as made in the console, and a call of a program is not', {
  skip,
}, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  await signIn(page);
  await isSignedIn(page);
  await page.page.getByRole('link', { name: 'Trail' }).click();
  await page.heading('Trail').waitFor();
  await page.isAccessible();
  await page.button(/^Attribute/).click();
  await page.page.getByRole('option', { name: 'Event name' }).click();
  await page.field('Value').fill('ListBrokers');
  await page.button('Search').click();
  const table = page.table('Trail');
  await until('only these events', async () => {
    const names = await table.getByRole('rowheader').allTextContents();
    return names.length > 0 && names.every((name) => name === 'ListBrokers');
  });
  await table.getByRole('link', { name: 'ListBrokers' }).first().click();
  const text = await page.page.getByRole('dialog').locator('pre').textContent();
  const event = JSON.parse(text ?? '');
  assert.equal(event.sessionCredentialFromConsole, 'true');
  assert.equal(event.userIdentity.userName, 'anna');
  await page.isAccessible();
  await page.page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await page.field('Value').fill('CreateRole');
  await page.button('Search').click();
  await table.getByRole('link', { name: 'CreateRole' }).first().click();
  const other = await page.page.getByRole('dialog').locator('pre').textContent();
  assert.equal(JSON.parse(other ?? '').sessionCredentialFromConsole, undefined);
  // What the person may not see is not shown as missing.
  const hidden = { UserName: 'anna', PolicyName: 'hidden' };
  const Statement = { Effect: 'Deny', Action: 'iam:GetLoginProfile', Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await waxwing.iam.send(new PutUserPolicyCommand({ ...hidden, PolicyDocument }));
  await page.go('#/identity/users/anna');
  await page.page.getByText('Not known', { exact: true }).waitFor();
  await waxwing.iam.send(new DeleteUserPolicyCommand(hidden));
  await page.close();
});

test('a user adds an MFA device with its QR code, and then needs it to sign in', {
  skip,
}, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  await signIn(page);
  await isSignedIn(page);
  await page.page.getByRole('link', { name: 'Identity' }).click();
  for (const tab of ['Groups', 'Roles', 'Policies', 'Simulator', 'Users']) {
    await page.page.getByRole('tab', { name: tab }).click();
    await page.page.getByRole('heading', { name: tab, level: 2 }).waitFor();
    await page.isAccessible();
  }
  await page.page.getByRole('link', { name: 'anna', exact: true }).click();
  await page.table('Rights').getByText('AdministratorAccess').waitFor();
  await page.isAccessible();
  await page.button('Add MFA device').click();
  const dialog = page.page.getByRole('dialog');
  const picture = dialog.getByRole('img', { name: 'QR code of the device' });
  await picture.waitFor();
  await until('the picture is drawn', () =>
    picture.evaluate((element) => (element as unknown as { width: number }).width > 100),
  );
  await dialog.getByRole('button', { name: 'Show the key as text' }).click();
  const seed = decodeSeed((await dialog.locator('code').textContent()) ?? '');
  await page.isAccessible();
  const step = stepAt(Date.now());
  await page.field('First code').fill(totpCode(seed, step - 1));
  await page.field('Second code').fill(totpCode(seed, step));
  await dialog.getByRole('button', { name: 'Enable' }).click();
  await page.page.getByText('The MFA device of anna is enabled.').waitFor();
  const enabledStep = stepAt(Date.now());
  await page.button(/^anna$/).click();
  await page.page.getByRole('menuitem', { name: 'Sign out' }).click();
  await signIn(page);
  await page.page.getByText('The user name, the password or the MFA code is wrong.').waitFor();
  // A code works once, so that the next one is needed, which is accepted a little early. The service
  // counts from the step of the second code, which may have ended before the service saw it.
  const passedSteps = stepAt(Date.now()) - enabledStep;
  await signIn(page, totpCode(seed, step + Math.max(1, passedSteps)));
  await isSignedIn(page);
  await page.button(/^anna$/).click();
  await page.page.getByRole('menuitem', { name: 'Switch role' }).click();
  await page.field('Role').fill('reader');
  await page.page.getByRole('dialog').getByRole('button', { name: 'Switch', exact: true }).click();
  await page.button('reader/anna').waitFor();
  await page.page.getByText(/is not authorized to perform: mq:ListBrokers/).waitFor();
  await page.isAccessible();
  await page.close();
});

test('the console is used with the keyboard only, from the address of the command on', {
  skip,
}, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  const { folder } = waxwing;
  const { code, stdout, stderr } = await folder.run(['console', '--data', folder.data]);
  assert.equal(code, 0, stderr);
  await page.signInAsRoot(stdout.trim());
  const { keyboard } = page.page;
  /** Moves with the Tab key until an element has the focus. */
  const tabTo = async (role: string, name: string) => {
    for (let count = 0; count < 60; count += 1) {
      await keyboard.press('Tab');
      const isThere = await page.page
        .getByRole(role as 'link', { name, exact: true })
        .evaluateAll((elements) => elements.some((each) => each.matches(':focus')));
      if (isThere) return;
    }
    assert.fail(`${role} ${name} is not reached`);
  };
  // The first link of the page leads past the navigation.
  const skipLink = page.page.getByRole('link', { name: 'Skip to the content' });
  assert.equal(
    await page.page.locator('a, button, input').first().textContent(),
    'Skip to the content',
  );
  await skipLink.focus();
  await keyboard.press('Enter');
  const content = page.page.locator('#console-content');
  assert.equal(await content.evaluate((element) => element.matches(':focus')), true);
  await keyboard.press('Tab');
  assert.equal(await content.evaluate((element) => element.matches(':focus-within')), true);
  await page.heading('Brokers').waitFor();
  await tabTo('link', 'Keys');
  await keyboard.press('Enter');
  await page.heading('Keys').waitFor();
  await tabTo('link', 'Create key');
  await keyboard.press('Enter');
  await page.heading('Create a key').waitFor();
  await tabTo('textbox', 'Alias');
  await keyboard.type('by-keyboard');
  await tabTo('button', 'Create key');
  await keyboard.press('Enter');
  await page.page.getByText('The key is created.').waitFor();
  await page.page.getByText('alias/by-keyboard').waitFor();
  await page.close();
});

test('a group is created with a user and a policy, and deleted without them', {
  skip,
}, async () => {
  const page = await ConsolePage.openAsRoot(browser, waxwing);
  const dialog = page.page.getByRole('dialog');
  const confirm = (name: string) => dialog.getByRole('button', { name, exact: true }).click();
  await page.go('#/identity/groups');
  await page.button('Create group').click();
  await page.field('Group name').fill('not possible');
  await confirm('Create group');
  await dialog.getByText('ValidationError').waitFor();
  await page.field('Group name').fill('operators');
  await page.isAccessible();
  await confirm('Create group');
  await page.heading('operators').waitFor();
  await page.button('Add user').click();
  await page.field('User name').click();
  await page.page.getByRole('option', { name: 'anna' }).click();
  await page.isAccessible();
  await confirm('Add');
  await page.table('Users of the group').getByRole('link', { name: 'anna' }).waitFor();
  for (const hash of ['groups/operators', 'users/anna', 'roles/reader']) {
    await page.go(`#/identity/${hash}`);
    await page.heading(/^(?:operators|anna|reader)$/).waitFor();
    await page.button('Attach policy').click();
    await page.field('Policy').fill('ReadOnly');
    await page.page
      .getByRole('option', { name: /ReadOnlyAccess/ })
      .first()
      .click();
    await page.isAccessible();
    await confirm('Attach');
    const detach = page.table('Attached policies').getByRole('button', { name: /ReadOnlyAccess/ });
    await detach.first().waitFor();
    await page.isAccessible();
    if (hash.startsWith('groups')) continue;
    await detach.first().click();
    await page.isAccessible();
    await confirm('Detach');
    await detach.waitFor({ state: 'detached' });
  }
  await page.go('#/identity/groups/operators');
  await page.button('Delete group').click();
  await confirm('Delete');
  await dialog
    .getByText(/DeleteConflict/)
    .first()
    .waitFor();
  await page.isAccessible();
  await confirm('Cancel');
  await page.button('Remove anna').click();
  await confirm('Remove');
  await page.page.getByText('The group has no users.').waitFor();
  // Somebody else detaches the policy first: the call fails, and the list is read again.
  await page.button(/^Detach /).click();
  const group = { GroupName: 'operators' };
  const { AttachedPolicies = [] } = await waxwing.iam.send(
    new ListAttachedGroupPoliciesCommand(group),
  );
  for (const { PolicyArn } of AttachedPolicies) {
    await waxwing.iam.send(new DetachGroupPolicyCommand({ ...group, PolicyArn }));
  }
  await confirm('Detach');
  await dialog
    .getByText(/NoSuchEntity/)
    .first()
    .waitFor();
  await page.page.getByText('No managed policy is attached.').waitFor();
  await confirm('Cancel');
  await page.button('Delete group').click();
  await confirm('Delete');
  await page.heading('Identity').waitFor();
  await page.page.getByText('There are no groups.').waitFor();
  await page.close();
});

test('dark colours and narrow screens are accessible, and nothing is cut off', {
  skip,
}, async () => {
  const options = { colorScheme: 'dark', viewport: { width: 360, height: 740 } };
  const page = await ConsolePage.open(browser, waxwing, options);
  await page.isAccessible();
  await page.signInAsRoot();
  for (const area of ['brokers', 'brokers/new', 'keys', 'keys/new', 'trail', 'logs', 'identity']) {
    await page.go(`#/${area}`);
    await page.page.getByRole('heading', { level: 1 }).first().waitFor();
    await page.isAccessible();
    assert.equal(await page.isCutOff(), false, area);
  }
  await page.close();
});

/** The headers of a file of the console. */
function headersOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  const url = `${waxwing.environment['AWS_ENDPOINT_URL']}${path}`;
  return new Promise((resolve, reject) => {
    const sent = request(url, { ca: waxwing.ca, agent: false }, (response) => {
      response.resume();
      resolve({ ...response.headers, status: response.statusCode });
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('pages are not stored, files with hashes are kept, and the policy permits no inline code', {
  skip,
}, async () => {
  const page = await headersOf('/console/');
  assert.equal(page['cache-control'], 'no-store');
  const policy = String(page['content-security-policy']);
  assert.match(policy, /^default-src 'none'; /);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.match(policy, /require-trusted-types-for 'script'; trusted-types default$/);
  assert.doesNotMatch(policy, /unsafe|data:|\*|https?:/);
  const opened = await ConsolePage.open(browser, waxwing);
  const sources = await opened.page
    .locator('script')
    .evaluateAll((scripts) =>
      scripts
        .map((script) => script as unknown as { src: string; textContent: string })
        .map(({ src, textContent }) => [new URL(src).pathname, textContent]),
    );
  await opened.close();
  for (const [path = '', text] of sources) {
    assert.equal(text, '');
    const file = await headersOf(path);
    assert.equal(file['cache-control'], 'public, max-age=31536000, immutable');
  }
  assert.ok(sources.length > 0);
  assert.equal((await headersOf('/console/assets/none.js'))['status'], 404);
});

test('the browser refuses text as HTML, even from the code of the page', { skip }, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  await page.heading('Sign in').waitFor();
  const refused = await page.page.evaluate(() => {
    const { document } = globalThis as unknown as {
      document: { body: { innerHTML: string } };
    };
    try {
      document.body.innerHTML += '<img src=x onerror=alert(1)>';
      return '';
    } catch (error) {
      return String(error);
    }
  });
  assert.match(refused, /TrustedHTML/);
  // The browser tells of it a little later.
  const { violations } = page.problems;
  await until('the violation', () => violations.length === 1);
  violations.length = 0;
  await page.close();
});
