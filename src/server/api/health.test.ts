import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestHead } from '../../net/http/message.ts';
import type { RequestHandler } from '../../net/http/request-handler.ts';
import { HealthHandler } from './health.ts';

const api: RequestHandler = {
  admit: () => ({
    refusal: undefined,
    isProven: false,
    answer: () => Promise.resolve({ status: 299, headers: {}, body: '' }),
  }),
  reject: () => ({ status: 413, headers: {}, body: '' }),
};

async function statusOf(isReady: boolean, changes: Partial<RequestHead> = {}): Promise<number> {
  const head = {
    ...{
      method: 'GET',
      rawPath: '/health/ready',
      rawQuery: '',
      headers: new Map<string, string>(),
    },
    ...{ peerAddress: '127.0.0.1', ...changes },
  };
  const handler = new HealthHandler(api, () => isReady);
  const admission = await handler.admit(head, new Map(), { destroyed: false });
  const { status } = await admission.answer(Buffer.alloc(0));
  return status;
}

test('anybody learns whether the service is ready, and calls for a bucket of this name reach the API', async () => {
  assert.equal(await statusOf(true), 200);
  assert.equal(await statusOf(false), 503);
  assert.equal(await statusOf(true, { rawQuery: 'list-type=2' }), 299);
  assert.equal(await statusOf(true, { headers: new Map([['authorization', 'AWS4']]) }), 299);
});
