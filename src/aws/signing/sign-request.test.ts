import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signRequest } from '../../../tests/support/sign-request.ts';
import { signedHeaders } from './sign-request.ts';

test('a request is signed like the official clients sign it', async () => {
  const signer = {
    accessKeyId: 'AKIAEXAMPLEEXAMPLE22',
    secretAccessKey: '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',
    region: 'eu-central-1',
    service: 'waxwing-discovery',
  };
  const request = {
    method: 'POST',
    path: '/waxwing/v1/brokers/b-1%20%C3%A9/discover',
    host: 'localhost',
    body: '{"messagesPerQueue":5}',
  };
  const atMs = Date.UTC(2026, 10, 28, 12);
  const headers = { 'content-type': 'application/json' };
  const official = await signRequest({ ...request, headers }, { ...signer, atMs });
  const own = signedHeaders(request, signer, atMs);
  assert.equal(own['authorization'], official.headers.get('authorization'));
});
