import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { signRequest } from '../../support/sign-request.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const form = 'Action=GetCallerIdentity&Version=2011-06-15';

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

async function ask(changes: { body?: string; region?: string; method?: string } = {}) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const { body = form, method = 'POST' } = changes;
  const plain =
    method === 'POST'
      ? { method, path: '/', headers, body }
      : {
          method,
          path: '/',
          headers: {},
          query: Object.fromEntries(new URLSearchParams(body)),
          body: '',
        };
  const atMs = plane.machine.clock.nowMs();
  const scope = { region: changes.region ?? region, service: 'sts', atMs };
  return plane.answer(await signRequest(plain, { ...plane.credentials, ...scope }));
}

test('GetCallerIdentity returns the caller in XML and is recorded in the trail', async () => {
  const { status, headers, body } = await ask();
  const requestId = headers['x-amzn-RequestId'];
  assert.equal(status, 200);
  assert.equal(headers['Content-Type'], 'text/xml');
  assert.equal(
    body,
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">' +
      `<GetCallerIdentityResult><UserId>${accountId}</UserId><Account>${accountId}</Account>` +
      `<Arn>arn:aws:iam::${accountId}:root</Arn></GetCallerIdentityResult>` +
      `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>` +
      '</GetCallerIdentityResponse>',
  );
  const event = (await eventsNamed(plane, 'GetCallerIdentity')).at(-1);
  assert.equal(event?.requestID, requestId);
  assert.equal(event?.eventSource, 'sts.amazonaws.com');
  assert.equal(event?.userIdentity.accessKeyId, plane.credentials.accessKeyId);
  assert.deepEqual([event?.readOnly, event?.apiVersion], [true, '2011-06-15']);
  assert.deepEqual([event?.requestParameters, event?.responseElements], [null, null]);
});

test('GetCallerIdentity accepts GET requests and signatures for the global region', async () => {
  for (const changes of [{ method: 'GET' }, { region: 'us-east-1' }]) {
    const { status, body } = await ask(changes);
    assert.equal(status, 200, body);
    assert.match(body, new RegExp(`<Account>${accountId}</Account>`));
  }
});

test('an unknown action, another API version and names of object members are refused', async () => {
  const wrong = [
    'Action=AssumeRoleWithSAML&Version=2011-06-15',
    'Action=GetCallerIdentity&Version=2010-05-08',
    'Action=GetCallerIdentity',
    'Action=constructor&Version=2011-06-15',
    'Action=__proto__&Version=2011-06-15',
  ];
  for (const body of wrong) {
    const answer = await ask({ body });
    assert.equal(answer.status, 400, body);
    assert.match(answer.body, /<Code>InvalidAction<\/Code>/);
  }
});
